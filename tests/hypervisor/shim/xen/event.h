#pragma once
#include <xen/sched.h>
