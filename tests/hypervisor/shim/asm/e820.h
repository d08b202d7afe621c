#pragma once
#include <xen/mm.h>
