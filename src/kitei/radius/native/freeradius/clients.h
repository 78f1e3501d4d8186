/* See connection.h. */
typedef struct radclient RADCLIENT;
typedef struct radclient_list RADCLIENT_LIST;
typedef struct rad_listen rad_listen_t;
typedef int RAD_LISTEN_TYPE;
enum { RAD_LISTEN_MAX = 64 };
