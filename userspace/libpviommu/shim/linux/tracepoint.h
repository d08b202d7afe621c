/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Nobody looks here. */
#pragma once

#define TP_PROTO(...) __VA_ARGS__
#define TP_ARGS(...)
#define TRACE_DEFINE_ENUM(e) struct device
#define DECLARE_EVENT_CLASS(name, ...) struct device
#define DEFINE_EVENT(class, name, proto, ...) TRACE_EVENT(name, TP_PROTO(proto))
#define DEFINE_EVENT_FN(class, name, proto, ...) TRACE_EVENT(name, TP_PROTO(proto))
#define TRACE_EVENT(name, proto, ...)                                                                                  \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wunused-parameter\"")                            \
    static inline void trace_##name(proto) {}                                                                          \
    _Pragma("GCC diagnostic pop")                                                                                      \
    static inline bool trace_##name##_enabled(void) { return false; }                                                  \
    struct device
