// SPDX-License-Identifier: MIT
/*
 * /init of the test machine: mounts what a system needs, loads the PV-IOMMU
 * module before any driver, lets every driver bind, and hands over to
 * guest_run() (guest-runner.c).  In C because under emulation the few hundred
 * processes that a script starts cost as long as the rest of the boot.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define MAX_ALIASES	2048
#define ROUND_US	50000
#define QUIET_ROUNDS	6	/* 0.3 s without anything new: settled */
#define QUIET_ROUNDS_SLOW 20	/* USB and SD cards enumerate with pauses */
#define MAX_ROUNDS	1200

/* What scripts/testbed asks for, from /testbed/run.conf: NAME=VALUE lines. */
struct config {
	int load_module;
	char mode[64];	/* mode= of xen-pviommu, may be empty */
	char tty[64];	/* of an interactive run, may be empty */
};

/* One line of the machine's own account, in the console log. */
static void tell(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "%s (%s)\n", text, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void mount_all(void)
{
	static const char *const fs[][2] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
		{ "devpts", "/dev/pts" }, { "tmpfs", "/dev/shm" }, { "tmpfs", "/tmp" },
		{ "tmpfs", "/run" }, { "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
	};
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" }, { "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < sizeof(fs) / sizeof(fs[0]); i++) {
		mkdir(fs[i][1], 0755);
		if (mount(fs[i][0], fs[i][1], fs[i][0], 0, NULL))
			fprintf(stderr, "testbed: mount %s: %s\n", fs[i][1], strerror(errno));
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]))
			fprintf(stderr, "testbed: %s: %s\n", links[i][1], strerror(errno));
}

static void read_config(struct config *c)
{
	FILE *f = fopen("/testbed/run.conf", "re");
	char line[256];

	memset(c, 0, sizeof(*c));
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "LOAD_MODULE=1"))
			c->load_module = 1;
		else if (!strncmp(line, "MODE=", 5))
			snprintf(c->mode, sizeof(c->mode), "%.60s", line + 5);
		else if (!strncmp(line, "TTY=", 4))
			snprintf(c->tty, sizeof(c->tty), "%.60s", line + 4);
	}
	if (f)
		fclose(f);
}

static void limits_and_names(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	setrlimit(RLIMIT_MEMLOCK, &all);
	sethostname("testbed", 7);
	if (s >= 0) {
		ioctl(s, SIOCSIFFLAGS, &lo);
		close(s);
	}
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "linux", 1);
	setenv("LANG", "C", 1);
}

/* Returns the exit status. */
static int spawn(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int load_pviommu(const struct config *c)
{
	char parameter[80];
	char *argv[] = { "/sbin/modprobe", "xen-pviommu", NULL, NULL };

	snprintf(parameter, sizeof(parameter), "mode=%s", c->mode);
	if (*c->mode)
		argv[2] = parameter;
	if (spawn(argv) == 0) {
		tell("testbed: xen-pviommu loaded");
		return 0;
	}
	tell("testbed: xen-pviommu was refused");
	return -1;
}

/* The text of a small file of sysfs without its last newline; "" if there is none. */
static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
}

/*
 * What udev would load a driver by.  Taken from uevent, since cards on the mmc
 * bus have no modalias file.  Returns NULL if the device names nothing.
 */
static char *read_alias(const char *uevent, char *text, size_t size)
{
	char *alias;

	read_text(uevent, text, size);
	alias = strncmp(text, "MODALIAS=", 9) ? strstr(text, "\nMODALIAS=") : text - 1;
	if (!alias)
		return NULL;
	alias += 10;
	alias[strcspn(alias, "\n")] = '\0';
	return alias;
}

/*
 * One modprobe for all device names that are new since the last call; devices
 * that these drivers bring (disks behind a controller) are found by the next.
 * Returns how many names were new.
 */
static int coldplug_once(void)
{
	static char *seen[MAX_ALIASES];
	static int nr_seen;
	char *argv[MAX_ALIASES + 3] = { "/sbin/modprobe", "-abq" };
	int before = nr_seen, n = 2;
	char text[4096];
	glob_t found;

	if (glob("/sys/bus/*/devices/*/uevent", 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc && nr_seen < MAX_ALIASES; i++) {
		char *alias = read_alias(found.gl_pathv[i], text, sizeof(text));
		int known = !alias;

		for (int j = 0; j < nr_seen && !known; j++)
			known = !strcmp(seen[j], alias);
		if (!known)
			argv[n++] = seen[nr_seen++] = strdup(alias);
	}
	globfree(&found);
	if (nr_seen > before)
		spawn(argv);
	return nr_seen - before;
}

static int has_slow_bus(void)
{
	glob_t found;
	char line[32];
	int slow = 0;

	if (glob("/sys/bus/pci/devices/*/class", 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		read_text(found.gl_pathv[i], line, sizeof(line));
		slow |= !strncmp(line, "0x0c03", 6) || !strncmp(line, "0x0805", 6);
	}
	globfree(&found);
	return slow;
}

/* Settled: no new name and no device event for a while. */
static void coldplug(void)
{
	int need = has_slow_bus() ? QUIET_ROUNDS_SLOW : QUIET_ROUNDS;
	char seq[32], last[32] = "";

	for (int quiet = 0, round = 0; quiet < need && round < MAX_ROUNDS; round++) {
		int fresh = coldplug_once();

		read_text("/sys/kernel/uevent_seqnum", seq, sizeof(seq));
		quiet = fresh || strcmp(seq, last) ? 0 : quiet + 1;
		strcpy(last, seq);
		if (!fresh)
			usleep(ROUND_US);
	}
	tell("testbed: drivers settled");
}

int main(void)
{
	const char *note = NULL;
	struct config config;

	umask(022);
	mount_all();
	limits_and_names();
	tell("testbed: init");
	read_config(&config);
	if (config.load_module && load_pviommu(&config))
		note = "testbed: xen-pviommu.ko could not be loaded; the console log says why";
	if (!access("/sys/hypervisor/type", F_OK))
		mount("xenfs", "/proc/xen", "xenfs", 0, NULL);
	coldplug();
	if (chdir("/root"))
		perror("testbed: /root");
	tell("testbed: command starts");
	return guest_run("/testbed/argv", *config.tty ? config.tty : NULL, note);
}
