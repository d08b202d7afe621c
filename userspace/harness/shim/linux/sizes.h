#pragma once
#define SZ_4G 0x100000000ULL
