// SPDX-License-Identifier: GPL-2.0-only
//
// RCU as rcu.cpp has it of liburcu, under names that are neither Linux' nor liburcu's.
#pragma once

extern "C" {
void shim_rcu_register();
void shim_rcu_unregister();
void shim_rcu_read_lock();
void shim_rcu_read_unlock();
void shim_rcu_queue(void *head, void (*func)(void *));
// All earlier callbacks, after a grace period.
void shim_rcu_run();
}
