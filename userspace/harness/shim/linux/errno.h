/* The system's own header of the name, which the C library's errno.h includes. */
#pragma once
#include_next <linux/errno.h>
