/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results in TAP, and files in debugfs: each runs a group of checks when it is
 * read, and gives their results, so the verdict does not depend on a log.
 */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <linux/seq_file.h>
#include <linux/types.h>

struct tap {
	struct seq_file *m;
	unsigned int nr;
	void *subject;	/* of tap_files() */
};

struct tap_group {
	const char *name;
	void (*run)(struct tap *tap);
};

__printf(3, 4) bool tap_ok(struct tap *tap, bool good, const char *fmt, ...);
__printf(4, 5) bool tap_is(struct tap *tap, long got, long want,
			   const char *fmt, ...);

/*
 * Make a folder of debugfs with a file for each group. @run runs a group, while no
 * other runs; NULL: the group's own function does. The structure @subject, or NULL,
 * begins with a pointer, set to the running group's tap. A module has one folder at
 * a time, and removes it.
 */
struct dentry *tap_files(const char *dir, const struct tap_group *groups,
			 unsigned int nr,
			 void (*run)(const struct tap_group *g, struct tap *tap),
			 void *subject);

#endif /* TEST_TAP_H */
