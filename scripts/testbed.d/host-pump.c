// SPDX-License-Identifier: MIT
/*
 * host-pump CHANNEL LOGDIR SECONDS -- QEMU ARG...
 *
 * Starts QEMU with a monitor (QMP) on descriptor 3, copies the command's stdout
 * and stderr out of the channel while it runs, ends the machine after SECONDS,
 * and writes what happened to LOGDIR/result as "name=value" lines for the
 * caller to judge.  QEMU never outlives it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"

#define QMP_FD 3
#define POLL_US 5000	/* how stale live output may be */

static void die(const char *what)
{
	fprintf(stderr, "testbed: host-pump: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct channel *make_channel(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct channel *ch;

	if (fd < 0 || ftruncate(fd, CHANNEL_SIZE))
		die(path);
	ch = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ch == MAP_FAILED)
		die("mmap");
	close(fd);
	ch->magic = CHANNEL_MAGIC;
	return ch;
}

static pid_t start_qemu(char **argv, const char *log, int *qmp)
{
	pid_t me = getpid(), pid;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	err = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (err < 0)
		die(log);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid) {
		close(pair[1]);
		close(err);
		*qmp = pair[0];
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != me)
		_exit(1);	/* the parent died before prctl() */
	dup2(err, 2);
	if (pair[1] == QMP_FD)
		fcntl(QMP_FD, F_SETFD, 0);
	else
		dup2(pair[1], QMP_FD);
	close_range(QMP_FD + 1, ~0u, 0);
	execvp(argv[0], argv);
	die(argv[0]);
	return -1;
}

/* Returns how many bytes moved; a reader that went away loses the rest, the run goes on. */
static size_t drain(struct channel *ch)
{
	size_t moved = 0;

	for (int i = 0; i < CHANNEL_RINGS; i++) {
		unsigned char *piece;
		size_t n;

		while ((n = channel_readable(ch, i, &piece))) {
			for (size_t done = 0; done < n;) {
				ssize_t w = write(1 + i, piece + done, n - done);

				if (w < 0 && errno == EINTR)
					continue;
				if (w <= 0)
					break;
				done += w;
			}
			channel_drained(ch, i, n);
			moved += n;
		}
	}
	return moved;
}

static void copy_qmp(int qmp, FILE *log)
{
	char buf[4096];
	ssize_t n;

	while ((n = recv(qmp, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		fwrite(buf, 1, n, log);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Serve the machine until it ends; says whether time ran out. */
static int serve(struct channel *ch, pid_t qemu, int qmp, FILE *qmplog, double limit, int *status)
{
	double start = now();
	int late = 0;

	while (waitpid(qemu, status, WNOHANG) == 0) {
		copy_qmp(qmp, qmplog);
		if (drain(ch))
			continue;
		if (!late && now() - start > limit) {
			late = 1;
			kill(qemu, SIGKILL);
		}
		usleep(POLL_US);
	}
	copy_qmp(qmp, qmplog);
	drain(ch);
	return late;
}

int main(int argc, char **argv)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	char path[4096];
	struct channel *ch;
	FILE *qmplog, *result;
	int qmp, status = 0, late;
	double start = now();
	pid_t qemu;

	if (argc < 6 || strcmp(argv[4], "--")) {
		fprintf(stderr, "usage: host-pump CHANNEL LOGDIR SECONDS -- QEMU ARG...\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	ch = make_channel(argv[1]);
	snprintf(path, sizeof(path), "%s/qmp.log", argv[2]);
	qmplog = fopen(path, "we");
	if (!qmplog)
		die(path);
	snprintf(path, sizeof(path), "%s/qemu.log", argv[2]);
	qemu = start_qemu(argv + 5, path, &qmp);
	if (send(qmp, hello, sizeof(hello) - 1, MSG_NOSIGNAL) < 0)
		perror("testbed: host-pump: qmp");
	late = serve(ch, qemu, qmp, qmplog, atof(argv[3]), &status);
	fclose(qmplog);

	snprintf(path, sizeof(path), "%s/result", argv[2]);
	result = fopen(path, "we");
	if (!result)
		die(path);
	fprintf(result, "state=%u\nstatus=%u\nlate=%d\nqemu=%d\nseconds=%.1f\n",
		atomic_load_explicit(&ch->state, memory_order_acquire),
		atomic_load(&ch->status), late,
		WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
		now() - start);
	fclose(result);
	unlink(argv[1]);
	return 0;
}
