# What the compiler must not find, and what the linker adds against the faults that nobody found.
# gcc 12 and clang 14 both take every flag here. -Wconversion is left out: it drowns real findings in casts; so are
# the warnings that come and go with the optimiser, as a build that fails in one preset only helps nobody.

add_library(safer_warnings INTERFACE)
target_compile_options(safer_warnings INTERFACE
    -Wall
    -Wextra
    -Werror
    -Wcast-qual
    -Wformat=2
    -Wimplicit-fallthrough
    -Wmissing-prototypes
    -Wold-style-definition
    -Wpointer-arith
    -Wshadow
    -Wstrict-prototypes
    -Wundef
    -Wvla
    -Wwrite-strings
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)

include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Linux only: sockets, signals and accept4 are wanted everywhere, so the choice is made once.
# _FORTIFY_SOURCE needs an optimised build; the sanitizers of the others do the same work better.
# Asserts stay in every build: they guard against our own mistakes, and those travel to production too.
add_library(safer_hardening INTERFACE)
target_compile_definitions(safer_hardening INTERFACE
    _GNU_SOURCE
    $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
target_compile_options(safer_hardening INTERFACE -UNDEBUG -fstack-protector-strong -fno-strict-aliasing)
target_link_options(safer_hardening INTERFACE LINKER:-z,relro,-z,now)
