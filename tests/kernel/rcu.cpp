// SPDX-License-Identifier: GPL-2.0-only
//
// RCU by liburcu, in a file of its own, because liburcu has Linux' names, too. A grace
// period comes on demand, so a test decides when callbacks run. TSan does not see into
// liburcu: annotations tell TSan the guarantees of RCU.
#include "rcu.h"

#include <mutex>
#include <urcu.h>
#include <vector>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifdef TSAN
extern "C" {
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
}
#else
static void __tsan_acquire(void *) {}
static void __tsan_release(void *) {}
#endif

namespace {

struct Callback {
    void *head;
    void (*func)(void *head);
};
// Never destroyed: threads may still be there at the end.
std::mutex &lock = *new std::mutex;
std::vector<Callback> &callbacks = *new std::vector<Callback>;
char readers; // where reads end, for TSan

} // namespace

extern "C" {
void shim_rcu_register() { rcu_register_thread(); }
void shim_rcu_unregister() { rcu_unregister_thread(); }
void shim_rcu_read_lock() { rcu_read_lock(); }
void shim_rcu_read_unlock()
{
    __tsan_release(&readers);
    rcu_read_unlock();
}

void shim_rcu_queue(void *head, void (*func)(void *))
{
    __tsan_release(&readers);
    const std::lock_guard<std::mutex> guard(lock);
    callbacks.push_back({head, func});
}

void shim_rcu_run()
{
    std::vector<Callback> now;
    {
        const std::lock_guard<std::mutex> guard(lock);
        now.swap(callbacks);
    }
    if (now.empty())
        return;
    synchronize_rcu();
    __tsan_acquire(&readers);
    for (const Callback &c : now)
        c.func(c.head);
}
}
