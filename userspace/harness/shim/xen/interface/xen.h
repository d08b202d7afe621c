#pragma once

#define DOMID_SELF 0x7ff0u
