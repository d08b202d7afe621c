/* SPDX-License-Identifier: MIT */
/*
 * The channel between a command in the test machine and the host: one file
 * that QEMU shows to the guest as the memory BAR of an ivshmem device.
 *
 * Why not a serial line: each byte of one costs a trap into Xen and an exit
 * from the emulator, and a virtio port does DMA, which is what the tests
 * measure.  Plain shared memory disturbs neither the IOMMU nor the interrupts,
 * carries any byte, and cannot be reached by printing.
 */
#ifndef TESTBED_CHANNEL_H
#define TESTBED_CHANNEL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CHANNEL_MAGIC		0x78656e70766d6d75ull
#define CHANNEL_SIZE		(16u << 20)	/* a BAR is a power of two */
#define CHANNEL_RING_SIZE	(4u << 20)
#define CHANNEL_RINGS		2		/* the command's stdout, stderr */

enum channel_state {
	CHANNEL_BOOTING,	/* the host's initial value */
	CHANNEL_RUNNING,	/* the command was started */
	CHANNEL_ENDED,		/* the command ended, status is valid */
};

/* Free running byte counts, one writer each: head the guest, tail the host. */
struct channel_ring {
	_Alignas(64) _Atomic uint64_t head;
	_Alignas(64) _Atomic uint64_t tail;
};

struct channel {
	uint64_t magic;
	_Atomic uint32_t state;
	_Atomic uint32_t status;	/* exit status, 128 + n after signal n */
	struct channel_ring ring[CHANNEL_RINGS];
};

static inline unsigned char *channel_data(struct channel *ch, int i)
{
	return (unsigned char *)ch + (size_t)(i + 1) * CHANNEL_RING_SIZE;
}

/*
 * The next contiguous piece that the host may read (or the guest may fill):
 * returns its length, 0 when there is none, and points *piece to it.
 */
static inline size_t channel_readable(struct channel *ch, int i, unsigned char **piece)
{
	struct channel_ring *r = &ch->ring[i];
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	/* pairs with the release in channel_filled() */
	uint64_t n = atomic_load_explicit(&r->head, memory_order_acquire) - tail;
	size_t at = tail % CHANNEL_RING_SIZE;

	*piece = channel_data(ch, i) + at;
	return n < CHANNEL_RING_SIZE - at ? n : CHANNEL_RING_SIZE - at;
}

static inline size_t channel_writable(struct channel *ch, int i, unsigned char **piece)
{
	struct channel_ring *r = &ch->ring[i];
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	/* pairs with the release in channel_drained() */
	uint64_t used = head - atomic_load_explicit(&r->tail, memory_order_acquire);
	size_t at = head % CHANNEL_RING_SIZE;
	size_t room = CHANNEL_RING_SIZE - used;

	*piece = channel_data(ch, i) + at;
	return room < CHANNEL_RING_SIZE - at ? room : CHANNEL_RING_SIZE - at;
}

static inline void channel_filled(struct channel *ch, int i, size_t n)
{
	atomic_fetch_add_explicit(&ch->ring[i].head, n, memory_order_release);
}

static inline void channel_drained(struct channel *ch, int i, size_t n)
{
	atomic_fetch_add_explicit(&ch->ring[i].tail, n, memory_order_release);
}

#endif
