/* See connection.h. */
typedef struct vp_tmpl_t vp_tmpl_t;
typedef int request_refs_t, pair_lists_t;
