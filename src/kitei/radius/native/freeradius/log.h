/* See connection.h. */
#include <stdarg.h>
typedef int log_lvl_t, log_type_t;
typedef void (*radlog_func_t)(log_type_t type, log_lvl_t level, REQUEST *request, char const *format, va_list ap);
