// SPDX-License-Identifier: GPL-2.0-only
//
// Linux for the kernel's files: CPUs with interrupts, locks, timers,
// hotplug, memory that can fail, and memory order as weak as allowed.
#include "rcu.h"
#include "world.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <shared_mutex>

extern "C" {
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

unsigned long shim_jiffies;
struct atomic_notifier_head panic_notifier_list;
extern char __start_shim_percpu[]; // NOLINT(bugprone-dynamic-static-initializers)
extern char shim_percpu_room[];
}

namespace world {

Hooks hooks;
std::string logged;

namespace {

// A write in its thread's store buffer, not yet visible.
struct Buffered {
    volatile void *what;
    uint64_t value;
    size_t size;
    bool is_or, ordered;
};

struct Thread {
    unsigned cpu = 0;
    int irqs_off = 0;         // how deep
    unsigned long frames = 0; // named by ops since then
    int rcu = 0;
    bool ordered = false; // a barrier precedes the next write
    bool weak = false;
    std::vector<Buffered> buffer;
    std::vector<const spinlock_t *> locks;
};
thread_local Thread me;

std::array<std::mutex, NR_CPUS> cpus;
std::array<std::atomic<bool>, NR_CPUS> is_online;
// Held for writing while a CPU goes or comes, to the very end.
std::shared_mutex hotplug;
thread_local bool hotplugs;

std::mutex timers_lock; // of all timers
timer_list *timers;
std::atomic<delayed_work *> pending_work;
int (*cpu_dead)(unsigned cpu);

std::atomic<unsigned long> live;
std::atomic<unsigned> waiters;
bool threads;

struct Area {
    size_t at, size;
};
std::mutex percpu_lock;
std::vector<Area> areas;

void store(const Buffered &b)
{
    const int order = b.ordered ? __ATOMIC_RELEASE : __ATOMIC_RELAXED;
    if (b.is_or) {
        if (b.ordered)
            __atomic_fetch_or(static_cast<volatile uint64_t *>(b.what), b.value, __ATOMIC_RELEASE);
        else
            __atomic_fetch_or(static_cast<volatile uint64_t *>(b.what), b.value, __ATOMIC_RELAXED);
    } else if (b.size == 8) {
        __atomic_store_n(static_cast<volatile uint64_t *>(b.what), b.value, order);
    } else if (b.size == 4) {
        __atomic_store_n(static_cast<volatile uint32_t *>(b.what), static_cast<uint32_t>(b.value), order);
    } else {
        violate("a write of %zu bytes", b.size);
    }
}

void drain()
{
    for (const Buffered &b : me.buffer)
        store(b);
    me.buffer.clear();
}

void lock_cpu()
{
    for (;; me.cpu = (me.cpu + 1) % NR_CPUS) {
        cpus[me.cpu].lock();
        if (is_online[me.cpu])
            return;
        cpus[me.cpu].unlock();
    }
}

void run_timer(timer_list *t)
{
    t->function(t);
    const std::lock_guard<std::mutex> guard(timers_lock);
    t->running = false;
}

timer_list *due(unsigned cpu)
{
    const std::lock_guard<std::mutex> guard(timers_lock);
    for (timer_list *t = timers; t; t = t->next)
        if (t->pending && t->cpu == cpu &&
            static_cast<long>(t->expires - __atomic_load_n(&shim_jiffies, __ATOMIC_RELAXED)) <= 0) {
            t->pending = false;
            t->running = true;
            return t;
        }
    return nullptr;
}

size_t statics() { return static_cast<size_t>(shim_percpu_room - __start_shim_percpu); }

} // namespace

void set_threaded(bool on) { threads = on; }
bool threaded() { return threads; }
void register_thread() { shim_rcu_register(); }
void unregister_thread() { shim_rcu_unregister(); }

void pin(unsigned cpu) { me.cpu = cpu; }
bool online(unsigned cpu) { return is_online[cpu]; }

void as_cpu(unsigned cpu, const std::function<void()> &what)
{
    Thread before = std::move(me);
    me = Thread{};
    me.cpu = cpu;
    me.rcu = before.rcu;
    what();
    drain();
    me = std::move(before);
}

void irqs_off(const std::function<void()> &what)
{
    shim_irq_save();
    what();
    shim_irq_restore();
}

void cpu_down(unsigned cpu)
{
    const std::lock_guard<std::shared_mutex> guard(hotplug);
    unsigned others = 0;
    for (unsigned c = 0; c < NR_CPUS; c++)
        others += c != cpu && is_online[c];
    if (!is_online[cpu] || !others)
        return;
    {
        // The thread on the CPU leaves first.
        const std::lock_guard<std::mutex> on_it(cpus[cpu]);
        is_online[cpu] = false;
    }
    unsigned next = 0;
    while (!is_online[next])
        next++;
    {
        const std::lock_guard<std::mutex> timers_guard(timers_lock);
        for (timer_list *t = timers; t; t = t->next)
            if (t->pending && t->cpu == cpu)
                t->cpu = next;
    }
    if (hooks.dying)
        hooks.dying(cpu);
    if (!cpu_dead)
        return;
    hotplugs = true;
    as_cpu(next, [&] { cpu_dead(cpu); });
    hotplugs = false;
}

void cpu_up(unsigned cpu)
{
    const std::lock_guard<std::shared_mutex> guard(hotplug);
    is_online[cpu] = true;
}

void fire_timers(unsigned cpu)
{
    while (timer_list *t = due(cpu))
        as_cpu(cpu, [t] { run_timer(t); });
}

void pass_jiffies(unsigned long n)
{
    for (; n; n--) {
        __atomic_fetch_add(&shim_jiffies, 1, __ATOMIC_RELAXED);
        for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
            fire_timers(cpu);
    }
}

bool timer_pending(unsigned cpu)
{
    const std::lock_guard<std::mutex> guard(timers_lock);
    for (const timer_list *t = timers; t; t = t->next)
        if (t->pending && t->cpu == cpu)
            return true;
    return false;
}

// A piece of the caller's, a rider's, and a piece that is taken back.
void add_irqs_off_frames(unsigned long nr)
{
    me.frames += nr;
    if (me.frames > 3ul * pviommu_xen.piece)
        violate("interrupts are off for %lu frames", me.frames);
}

void grace_period() { shim_rcu_run(); }

bool run_work()
{
    delayed_work *work = pending_work.exchange(nullptr);
    if (work)
        work->work.func(&work->work);
    return work;
}

void weak_memory(bool on)
{
    drain();
    me.weak = on;
}

void panic()
{
    irqs_off([] {
        if (notifier_block *nb = panic_notifier_list.block)
            nb->notifier_call(nb, 0, nullptr);
    });
}

unsigned lock_waiters() { return waiters; }
unsigned long allocations() { return live; }

// Called by reset().
void reset_kernel();
void reset_kernel()
{
    static const bool registered = [] {
        shim_rcu_register();
        return true;
    }();
    if (!registered || statics() > SHIM_PERCPU_ROOM / 2)
        violate("no room for static per-CPU variables");
    for (std::atomic<bool> &cpu : is_online)
        cpu = true;
    shim_rcu_run();
    std::memset(__start_shim_percpu, 0, NR_CPUS * SHIM_PERCPU_ROOM);
    areas.clear();
    live = 0;
    logged.clear();
    panic_notifier_list.block = nullptr;
    timers = nullptr;
    pending_work = nullptr;
    cpu_dead = nullptr;
    // So they wrap while the tests run.
    shim_jiffies = ~0UL - 5;
    me.cpu = 0;
    me.irqs_off = me.rcu = 0;
    me.buffer.clear();
    me.locks.clear();
}

} // namespace world

using namespace world;

extern "C" {

bool schedule_delayed_work(delayed_work *work, unsigned long)
{
    delayed_work *none = nullptr;
    return pending_work.compare_exchange_strong(none, work);
}

bool cancel_delayed_work_sync(delayed_work *work) { return pending_work.compare_exchange_strong(work, nullptr); }
int cpuhp_setup_state(cpuhp_state state, const char *, int (*)(unsigned), int (*)(unsigned)) { return state; }

void shim_violation(const char *what) { violate("%s", what); }
void shim_log(const char *format, ...)
{
    if (threads)
        return;
    std::array<char, 512> text{};
    va_list args;
    va_start(args, format);
    std::vsnprintf(text.data(), text.size(), format, args);
    va_end(args);
    logged += text.data();
}

// --- memory order

void shim_before_read(const volatile void *what)
{
    // A thread sees its own writes.
    for (const Buffered &b : me.buffer)
        if (b.what == what) {
            drain();
            break;
        }
    if (hooks.before_read && !threads)
        hooks.before_read(what);
}

void shim_after_read(const volatile void *what)
{
    if (hooks.after_read && !threads)
        hooks.after_read(what);
}

bool shim_write_later(volatile void *what, u64 value, size_t size)
{
    if (!me.weak)
        return false;
    me.buffer.push_back({what, value, size, false, me.ordered});
    return true;
}

bool shim_or_later(volatile void *what, unsigned long bits)
{
    if (!me.weak)
        return false;
    me.buffer.push_back({what, bits, 8, true, me.ordered});
    return true;
}

void shim_barrier(void)
{
    drain();
    me.ordered = true;
}

bool shim_ordered(void) { return me.ordered; }

// --- interrupts, locks, RCU

void shim_irq_save(void)
{
    if (me.irqs_off++)
        return;
    lock_cpu();
    shim_rcu_read_lock();
    me.ordered = false;
    me.frames = 0;
}

void shim_irq_restore(void)
{
    if (me.irqs_off <= 0)
        violate("interrupts are on already");
    if (--me.irqs_off)
        return;
    if (!me.locks.empty())
        violate("interrupts go on with a lock held");
    drain();
    shim_rcu_read_unlock();
    cpus[me.cpu].unlock();
}

bool shim_irqs_are_off(void) { return me.irqs_off > 0; }

void spin_lock_init(spinlock_t *l) { l->locked = 0; }

void spin_lock(spinlock_t *l)
{
    if (!me.irqs_off)
        violate("a lock of interrupt handlers is taken with interrupts on");
    if (lockdep_is_held(l))
        violate("deadlock: the lock is held already");
    if (!me.locks.empty())
        violate("a lock inside another");
    int unlocked = 0;
    if (!__atomic_compare_exchange_n(&l->locked, &unlocked, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        waiters++;
        do {
            unlocked = 0;
            std::this_thread::yield();
        } while (!__atomic_compare_exchange_n(&l->locked, &unlocked, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
        waiters--;
    }
    me.locks.push_back(l);
}

void spin_unlock(spinlock_t *l)
{
    if (me.locks.empty() || me.locks.back() != l)
        violate("a lock is released without being held");
    drain();
    me.locks.pop_back();
    __atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

bool lockdep_is_held(const spinlock_t *l) { return !me.locks.empty() && me.locks.back() == l; }

void rcu_read_lock(void)
{
    me.rcu++;
    shim_rcu_read_lock();
}

void rcu_read_unlock(void)
{
    drain();
    shim_rcu_read_unlock();
    me.rcu--;
}

void shim_check_reader(bool sched)
{
    if (!me.irqs_off && (sched || !me.rcu))
        violate("an RCU pointer is read outside of a read side");
}

void call_rcu(rcu_head *head, void (*func)(rcu_head *head))
{
    head->func = func;
    shim_rcu_queue(head, [](void *h) { static_cast<rcu_head *>(h)->func(static_cast<rcu_head *>(h)); });
}

void rcu_barrier(void)
{
    if (me.irqs_off || me.rcu)
        violate("rcu_barrier() inside of a read side");
    shim_rcu_run();
}

// --- per-CPU variables

unsigned int smp_processor_id(void) { return me.cpu; }

void *shim_this_cpu(void *p)
{
    if (!me.irqs_off)
        violate("a per-CPU pointer is taken with interrupts on");
    return static_cast<char *>(p) + me.cpu * SHIM_PERCPU_ROOM;
}

void *shim_alloc_percpu(size_t size)
{
    if (hooks.alloc_fails && hooks.alloc_fails())
        return nullptr;
    const std::lock_guard<std::mutex> guard(percpu_lock);
    size = (size + 63) / 64 * 64;
    size_t at = (statics() + 63) / 64 * 64;
    auto before = areas.begin();
    for (; before != areas.end() && before->at - at < size; ++before)
        at = before->at + before->size;
    if (at + size > SHIM_PERCPU_ROOM)
        violate("no room for per-CPU variables");
    areas.insert(before, {at, size});
    live++;
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        std::memset(__start_shim_percpu + cpu * SHIM_PERCPU_ROOM + at, 0, size);
    return __start_shim_percpu + at;
}

void free_percpu(void *p)
{
    if (!p)
        return;
    const std::lock_guard<std::mutex> guard(percpu_lock);
    const size_t at = static_cast<size_t>(static_cast<char *>(p) - __start_shim_percpu);
    for (auto area = areas.begin(); area != areas.end(); ++area)
        if (area->at == at) {
            // A late user finds nonsense.
            for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
                std::memset(__start_shim_percpu + cpu * SHIM_PERCPU_ROOM + at, 0x6b, area->size);
            areas.erase(area);
            live--;
            return;
        }
    violate("free_percpu() of unallocated memory");
}

// --- memory

void *shim_alloc(size_t size, size_t align, gfp_t gfp)
{
    if (gfp & GFP_KERNEL && (me.irqs_off || me.rcu))
        violate("an allocation may sleep, with interrupts off");
    if (hooks.alloc_fails && hooks.alloc_fails())
        return nullptr;
    size = (size + align - 1) / align * align;
    void *p = std::aligned_alloc(align, size);
    std::memset(p, 0, size);
    live++;
    return p;
}

void shim_free(const void *p)
{
    if (!p)
        return;
    live--;
    std::free(const_cast<void *>(p));
}

// --- notifiers

int register_reboot_notifier(notifier_block *) { return 0; }
void unregister_reboot_notifier(notifier_block *) {}

// --- timers and hotplug

void timer_setup(timer_list *t, void (*function)(timer_list *t), unsigned int)
{
    const std::lock_guard<std::mutex> guard(timers_lock);
    *t = {function, 0, 0, false, false, timers};
    timers = t;
}

int mod_timer(timer_list *t, unsigned long expires)
{
    const std::lock_guard<std::mutex> guard(timers_lock);
    const bool was = t->pending;
    t->expires = expires;
    t->cpu = me.cpu;
    t->pending = true;
    return was;
}

int timer_delete_sync(timer_list *t)
{
    if (me.irqs_off)
        violate("timer_delete_sync() with interrupts off");
    for (;; std::this_thread::yield()) {
        const std::lock_guard<std::mutex> guard(timers_lock);
        t->pending = false;
        if (!t->running)
            return 0;
    }
}

void on_each_cpu(void (*func)(void *info), void *info, int)
{
    if (me.irqs_off)
        violate("on_each_cpu() with interrupts off");
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
        if (!is_online[cpu])
            continue;
        as_cpu(cpu, [&] {
            cpus[cpu].lock();
            shim_rcu_read_lock();
            me.irqs_off++;
            // The CPU may have gone just now: then the work is done.
            if (is_online[cpu])
                func(info);
            shim_irq_restore();
        });
    }
}

void cpus_read_lock(void)
{
    if (me.irqs_off)
        violate("cpus_read_lock() with interrupts off");
    if (hotplugs)
        violate("deadlock: cpus_read_lock() in a hotplug callback");
    if (hotplug.try_lock_shared())
        return;
    waiters++;
    hotplug.lock_shared();
    waiters--;
}

void cpus_read_unlock(void) { hotplug.unlock_shared(); }

int cpuhp_setup_state_nocalls(cpuhp_state, const char *, int (*)(unsigned int), int (*dead)(unsigned int))
{
    if (hooks.cpuhp_fails && hooks.cpuhp_fails())
        return -ENOSPC;
    const std::lock_guard<std::shared_mutex> guard(hotplug);
    cpu_dead = dead;
    return 100;
}

void cpuhp_remove_state_nocalls(cpuhp_state state)
{
    if (state == CPUHP_AP_ONLINE_DYN)
        return;
    const std::lock_guard<std::shared_mutex> guard(hotplug);
    if (static_cast<int>(state) != 100 || !cpu_dead)
        violate("hotplug callbacks are removed without a setup");
    cpu_dead = nullptr;
}
}
