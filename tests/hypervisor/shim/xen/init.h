#pragma once
#include <xen/config.h>
