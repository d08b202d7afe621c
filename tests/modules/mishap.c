// SPDX-License-Identifier: GPL-2.0-only
/*
 * mishap: rare events of xen_pviommu, at a test's request. Parameters, to be
 * written:
 *
 *	starve	percpu or vmalloc: its next such allocation fails
 *	untrust	a PCI address: the device is one that PCI calls untrusted
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "order.h"

static void give_percpu(void *p)
{
	free_percpu((void __percpu *)p);
}

static void give_vmalloc(void *p)
{
	vfree(p);
}

/* The second symbol is of Linux 6.10 and newer. */
static const struct allocator {
	const char *word, *symbols[2];
	void (*give)(void *p);
} allocators[] = {
	{ "percpu", { "__alloc_percpu", "pcpu_alloc_noprof" }, give_percpu },
	{ "vmalloc", { "vmalloc", "vmalloc_noprof" }, give_vmalloc },
};

/* Protects all below but the probe's handler's writes. */
static DEFINE_MUTEX(lock);
static const struct allocator *starved;
static struct kretprobe probe;
static void *taken;	/* allocated and not given */
static bool done;

/* The caller is xen_pviommu: its name stands behind the function's. */
static bool is_ours(unsigned long caller)
{
	char text[KSYM_SYMBOL_LEN];

	snprintf(text, sizeof(text), "%ps", (void *)caller);

	return strstr(text, "[xen_pviommu]");
}

static int on_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	void *p = (void *)regs_return_value(regs);

	if (!is_ours(get_kretprobe_retaddr(ri)) || !p ||
	    cmpxchg(&taken, NULL, p))
		return 0;
	regs_set_return_value(regs, 0);
	WRITE_ONCE(done, true);

	return 0;
}

static void feed(void)
{
	if (!starved)
		return;
	unregister_kretprobe(&probe);
	if (taken)
		starved->give(taken);
	taken = NULL;
	starved = NULL;
}

/* Probe the symbol that the kernel has. */
static int starve_allocator(const struct allocator *a)
{
	int err = -ENOENT;
	unsigned int i;

	WRITE_ONCE(done, false);
	for (i = 0; i < ARRAY_SIZE(a->symbols) && err == -ENOENT; i++) {
		probe = (struct kretprobe){
			.kp.symbol_name = a->symbols[i],
			.handler = on_return,
		};
		err = register_kretprobe(&probe);
	}
	if (!err)
		starved = a;

	return err;
}

static int starve(const char *word, const struct kernel_param *kp)
{
	const struct allocator *a;
	int err = -EINVAL;

	mutex_lock(&lock);
	feed();
	for (a = allocators; a < allocators + ARRAY_SIZE(allocators); a++)
		if (sysfs_streq(word, a->word))
			err = starve_allocator(a);
	mutex_unlock(&lock);

	return err;
}

/* Did the event happen? */
static int starve_happened(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(done));
}

static int untrust_order(const char *word, const struct kernel_param *kp)
{
	unsigned int domain, bus, slot, fn;
	struct pci_dev *pdev;

	if (sscanf(word, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
	if (!pdev)
		return -ENODEV;
	pdev->untrusted = true;
	pci_dev_put(pdev);

	return 0;
}

static const struct kernel_param_ops starve_ops = {
	.set = starve,
	.get = starve_happened,
};

module_param_cb(starve, &starve_ops, NULL, 0600);
MODULE_PARM_DESC(starve, "percpu or vmalloc: the next allocation fails; a read says whether");
ORDER(untrust);
MODULE_PARM_DESC(untrust, "a PCI device to make untrusted");

static int __init mishap_init(void)
{
	return 0;
}

static void __exit mishap_exit(void)
{
	feed();
}

module_init(mishap_init);
module_exit(mishap_exit);

MODULE_DESCRIPTION("Tests of xen_pviommu: missing memory, untrusted devices");
MODULE_LICENSE("GPL");
