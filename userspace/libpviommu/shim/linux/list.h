/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#pragma once
#include <linux/types.h>

struct list_head {
    struct list_head *next, *prev;
};
struct hlist_node {
    struct hlist_node *next, **pprev;
};

static inline void INIT_LIST_HEAD(struct list_head *head)
{
    head->next = head->prev = head;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
    node->next = head->next;
    node->prev = head;
    head->next->prev = node;
    head->next = node;
}

static inline void list_del(struct list_head *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = NULL; // NOLINT(modernize-use-nullptr): C reads this, too
}

#ifndef __cplusplus
#define list_of_(pos, node, member) container_of(node, __typeof__(*(pos)), member)
#define list_for_each_entry(pos, head, member)                                    \
    for ((pos) = list_of_(pos, (head)->next, member); &(pos)->member != (head);   \
         (pos) = list_of_(pos, (pos)->member.next, member))
#define list_for_each_entry_safe(pos, n, head, member)                            \
    for ((pos) = list_of_(pos, (head)->next, member),                             \
        (n) = list_of_(pos, (pos)->member.next, member);                          \
         &(pos)->member != (head);                                                \
         (pos) = (n), (n) = list_of_(pos, (n)->member.next, member))
#define hlist_entry_safe(node, type, member) ((node) ? container_of(node, type, member) : NULL)
#endif
