/* See connection.h. */
typedef struct xlat_exp xlat_exp_t;
typedef struct pair_list PAIR_LIST;
