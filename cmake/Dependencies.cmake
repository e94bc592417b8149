# What Safer links with. Each library is an imported target under the name of its pkg-config file
# (PkgConfig::openssl, PkgConfig::sqlite3, ...); libcsv ships no such file and is safer::csv.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

foreach(package IN ITEMS libevent_core openssl sqlite3 smartcols jansson libutf8proc inih libsystemd ncursesw)
    pkg_check_modules(${package} REQUIRED IMPORTED_TARGET ${package})
endforeach()
if(SAFER_TESTS)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
    pkg_check_modules(vterm REQUIRED IMPORTED_TARGET vterm)
endif()

# MessagePack-c: newer systems call the file msgpack-c, Debian 12 calls it msgpack.
pkg_search_module(msgpack REQUIRED IMPORTED_TARGET msgpack-c msgpack)

find_path(SAFER_CSV_INCLUDE csv.h REQUIRED)
find_library(SAFER_CSV_LIBRARY csv REQUIRED)
mark_as_advanced(SAFER_CSV_INCLUDE SAFER_CSV_LIBRARY)
add_library(safer::csv UNKNOWN IMPORTED)
set_target_properties(safer::csv PROPERTIES
    IMPORTED_LOCATION ${SAFER_CSV_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${SAFER_CSV_INCLUDE})

find_program(SAFER_CCACHE ccache)
mark_as_advanced(SAFER_CCACHE)
if(SAFER_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${SAFER_CCACHE})
endif()
