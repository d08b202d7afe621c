/* See linux/tracepoint.h. */
