// SPDX-License-Identifier: GPL-2.0-only
/* Results, and the files in debugfs that run the groups. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include "tap.h"

/* A group's whole answer: seq_file would run it again if it did not fit. */
#define ANSWER_SIZE	(256 << 10)

static DEFINE_MUTEX(one_at_a_time);
static void (*runner)(const struct tap_group *g, struct tap *tap);
static void *subject_of_all;

static bool result(struct tap *tap, bool good, const char *fmt, va_list *args)
{
	struct va_format vaf = { .fmt = fmt, .va = args };

	seq_printf(tap->m, "%sok %u - %pV\n", good ? "" : "not ", ++tap->nr,
		   &vaf);
	return good;
}

bool tap_ok(struct tap *tap, bool good, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	result(tap, good, fmt, &args);
	va_end(args);
	return good;
}

bool tap_is(struct tap *tap, long got, long want, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	result(tap, got == want, fmt, &args);
	va_end(args);
	if (got != want)
		seq_printf(tap->m, "# got %ld, want %ld\n", got, want);
	return got == want;
}

static int group_show(struct seq_file *m, void *v)
{
	const struct tap_group *g = m->private;
	struct tap tap = { .m = m, .subject = subject_of_all };

	mutex_lock(&one_at_a_time);
	if (subject_of_all)
		*(struct tap **)subject_of_all = &tap;
	if (runner)
		runner(g, &tap);
	else
		g->run(&tap);
	mutex_unlock(&one_at_a_time);
	seq_printf(m, "1..%u\n", tap.nr);
	if (seq_has_overflowed(m))
		pr_err("%s: the answer of %s was too long\n",
		       THIS_MODULE->name, g->name);
	return 0;
}

static int group_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, group_show, inode->i_private,
				ANSWER_SIZE);
}

static const struct file_operations group_fops = {
	.owner = THIS_MODULE,
	.open = group_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

struct dentry *tap_files(const char *dir, const struct tap_group *groups,
			 unsigned int nr,
			 void (*run)(const struct tap_group *g, struct tap *tap),
			 void *subject)
{
	struct dentry *folder = debugfs_create_dir(dir, NULL);

	runner = run;
	subject_of_all = subject;
	for (; nr; nr--, groups++)
		debugfs_create_file(groups->name, 0400, folder, (void *)groups,
				    &group_fops);
	return folder;
}
