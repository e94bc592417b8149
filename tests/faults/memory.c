/* The three functions, in the program itself, so that the dynamic linker finds these first. */
#include "tests/faults/memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if SANITIZED
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
void *__interceptor_malloc(size_t bytes);
void *__interceptor_calloc(size_t count, size_t bytes);
void *__interceptor_realloc(void *memory, size_t bytes);
#define real_malloc  __interceptor_malloc
#define real_calloc  __interceptor_calloc
#define real_realloc __interceptor_realloc
#else
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
#define real_malloc  __libc_malloc
#define real_calloc  __libc_calloc
#define real_realloc __libc_realloc
#endif

static atomic_bool counting;
static atomic_llong asked;
static atomic_llong refused_at;
static atomic_bool refused;
static atomic_bool tracing;        /* SAFER_TRACE is set */
static _Thread_local bool is_test; /* the thread that called memory_fail */
static _Thread_local bool inside;

static void print_stack(void)
{
#if SANITIZED
	__sanitizer_print_stack_trace();
#endif
}

static bool refuses(void)
{
	if (!atomic_load(&counting) || (is_test && !inside)) {
		return false;
	}
	if (atomic_fetch_add(&asked, 1) + 1 != atomic_load(&refused_at)) {
		return false;
	}
	atomic_store(&refused, true);
	if (SANITIZED && atomic_load(&tracing)) {
		print_stack();
	}
	errno = ENOMEM;
	return true;
}

void *malloc(size_t bytes)
{
	return refuses() ? NULL : real_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return refuses() ? NULL : real_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
	return bytes > 0 && refuses() ? NULL : real_realloc(memory, bytes);
}

void memory_fail(int64_t nth)
{
	is_test = true;
	atomic_store(&tracing, getenv("SAFER_TRACE") != NULL);
	atomic_store(&asked, 0);
	atomic_store(&refused, false);
	atomic_store(&refused_at, nth);
	atomic_store(&counting, true);
}

int64_t memory_asked(void)
{
	return atomic_load(&asked);
}

bool memory_refused(void)
{
	return atomic_load(&refused);
}

void memory_end(void)
{
	atomic_store(&counting, false);
}

void memory_enter(void)
{
	inside = true;
}

void memory_leave(void)
{
	inside = false;
}

bool memory_leaked(void)
{
#if SANITIZED
	return __lsan_do_recoverable_leak_check() != 0;
#else
	return false;
#endif
}
