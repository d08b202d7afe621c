/* SPDX-License-Identifier: MIT */
#ifndef TESTBED_GUEST_H
#define TESTBED_GUEST_H

/* guest-runner.c */
int guest_run(const char *command_file, const char *tty, const char *note);

#endif
