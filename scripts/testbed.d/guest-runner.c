// SPDX-License-Identifier: MIT
/*
 * The second half of the test machine's process 1: it runs the command, carries
 * its output into the channel, posts its exit status there, and powers off.
 *
 * Being process 1 it survives `kill -9 -1` and reaps whatever the command left
 * behind.  If it cannot do its work it ends, which panics the kernel, which the
 * host reports as a machine that never reached the command.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "guest.h"

#define PIPE_SIZE (1 << 20)	/* so that a burst does not stop the command */

static void die(const char *what)
{
	fprintf(stderr, "testbed: runner: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct channel *map_if_channel(const char *path)
{
	struct channel *ch;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	ch = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (ch == MAP_FAILED)
		return NULL;
	if (ch->magic == CHANNEL_MAGIC)
		return ch;
	munmap(ch, CHANNEL_SIZE);
	return NULL;
}

/* A test may add ivshmem devices of its own: the magic tells ours. */
static struct channel *find_channel(void)
{
	struct channel *ch = NULL;
	glob_t found;

	if (glob("/sys/bus/pci/devices/*/resource2", 0, NULL, &found))
		die("no PCI device has a BAR 2");
	for (size_t i = 0; i < found.gl_pathc && !ch; i++) {
		char path[256], id[32] = "";
		FILE *f;

		snprintf(path, sizeof(path), "%.*smodalias",
			 (int)strlen(found.gl_pathv[i]) - 9, found.gl_pathv[i]);
		f = fopen(path, "r");
		if (f && fgets(id, sizeof(id), f) &&
		    !strncmp(id, "pci:v00001AF4d00001110", 22))
			ch = map_if_channel(found.gl_pathv[i]);
		if (f)
			fclose(f);
	}
	globfree(&found);
	if (!ch)
		die("no ivshmem device carries the channel");
	return ch;
}

static void on_child(int sig)
{
	(void)sig;	/* only there to end ppoll() */
}

/*
 * Move what the pipe holds now, waiting for the host where the ring is full.
 * Returns 0 at the end of the file, else 1.
 */
static int pump(struct channel *ch, int i, int fd)
{
	for (;;) {
		unsigned char *piece;
		size_t room = channel_writable(ch, i, &piece);
		ssize_t n;

		if (!room) {
			usleep(1000);
			continue;
		}
		n = read(fd, piece, room);
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		channel_filled(ch, i, n);
	}
}

/* The command gets a session, its own terminal if one was named, and no stdin otherwise. */
static pid_t start(char **argv, const char *tty, int pipes[2][2])
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	setsid();
	int in = open(tty ? tty : "/dev/null", O_RDWR);

	if (in < 0)
		die(tty ? tty : "/dev/null");
	if (tty)
		ioctl(in, TIOCSCTTY, 0);
	dup2(in, 0);
	dup2(tty ? in : pipes[0][1], 1);
	dup2(tty ? in : pipes[1][1], 2);
	signal(SIGCHLD, SIG_DFL);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_range(3, ~0u, 0);
	execvp(argv[0], argv);
	fprintf(stderr, "testbed: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reap everything; true once the command itself is among it. */
static int reaped(pid_t command, int *status)
{
	int st, seen = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		*status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
		seen = 1;
	}
	return seen;
}

static int run(struct channel *ch, char **argv, const char *tty, const char *note)
{
	int pipes[2][2], status = 0;
	struct pollfd fds[2];
	sigset_t child, before;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = on_child }, NULL);
	for (int i = 0; i < 2; i++) {
		if (pipe2(pipes[i], O_CLOEXEC))
			die("pipe");
		fcntl(pipes[i][1], F_SETPIPE_SZ, PIPE_SIZE);
		fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
		fds[i] = (struct pollfd){ .fd = pipes[i][0], .events = POLLIN };
	}
	if (note)
		dprintf(pipes[1][1], "%s\n", note);
	atomic_store(&ch->state, CHANNEL_RUNNING);
	pid = start(argv, tty, pipes);
	for (int i = 0; i < 2; i++)
		close(pipes[i][1]);

	while (!reaped(pid, &status)) {
		if (ppoll(fds, 2, NULL, &before) < 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (fds[i].revents && !pump(ch, i, fds[i].fd))
				fds[i].fd = -1;	/* ended: poll skips it */
	}
	/* First stop what was left behind, or the pipes might never run dry. */
	kill(-1, SIGKILL);
	for (int i = 0; i < 2; i++)
		if (fds[i].fd >= 0)
			pump(ch, i, fds[i].fd);
	return status;
}

/* The words in a file, each ended by a NUL, as an argument vector. */
static char **read_command(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char **argv = calloc(size + 1, sizeof(*argv));
	char *text = malloc(size + 1);
	size_t n = 0;

	if (size <= 0 || !argv || !text || pread(fd, text, size, 0) != size)
		die(path);
	close(fd);
	text[size] = '\0';
	for (char *word = text; word < text + size; word += strlen(word) + 1)
		argv[n++] = word;
	return argv;
}

/*
 * Run the command in command_file, on tty if that is given, and power off.
 * note, if any, goes to the command's stderr before it.  Comes back only when
 * something is wrong with the machine.
 */
int guest_run(const char *command_file, const char *tty, const char *note)
{
	struct channel *ch = find_channel();
	int status = run(ch, read_command(command_file), tty, note);

	atomic_store(&ch->status, status);
	/* pairs with the acquire in host-pump: output and status come first */
	atomic_store_explicit(&ch->state, CHANNEL_ENDED, memory_order_release);
	sync();
	reboot(RB_POWER_OFF);
	die("power-off");
	return 1;
}
