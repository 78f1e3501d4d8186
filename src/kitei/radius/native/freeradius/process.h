/* See connection.h. */
typedef int fr_state_action_t;
typedef void (*fr_request_process_t)(REQUEST *request, int action);
typedef int (*RAD_REQUEST_FUNP)(REQUEST *request);
