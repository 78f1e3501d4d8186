/* The packaged headers of FreeRADIUS name seven files that their package leaves out. These stand in their places:
   all that is needed of them are names of types behind pointers, and two whose sizes are fixed. */
typedef struct fr_connection_pool_t fr_connection_pool_t;
