# add_cmocka_test(NAME LABEL unit|integration|fuzz [SOURCES file...] [LIBRARIES target...] [TIMEOUT seconds])
#
# One test program, known to ctest by its name and label. Without SOURCES it is NAME.c. The program finds the
# tree and the build through SAFER_SOURCE_DIR and SAFER_BINARY_DIR in its environment.

# A row of a table becomes a test by way of initial_state, which cmocka declares as a plain void pointer.
add_library(safer_cmocka INTERFACE)
target_compile_options(safer_cmocka INTERFACE -Wno-cast-qual -Wno-write-strings)
target_link_libraries(safer_cmocka INTERFACE PkgConfig::cmocka)

function(add_cmocka_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES")
    if(test_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "add_cmocka_test(${name}): what is ${test_UNPARSED_ARGUMENTS}?")
    endif()
    if(NOT test_LABEL MATCHES "^(unit|integration|fuzz)$")
        message(FATAL_ERROR "add_cmocka_test(${name}): LABEL must be unit, integration or fuzz")
    endif()
    if(NOT test_SOURCES)
        set(test_SOURCES ${name}.c)
    endif()
    if(NOT test_TIMEOUT)
        set(test_TIMEOUT 300) # hung, not slow: sanitizers on a busy machine take their time
    endif()

    add_executable(${name} ${test_SOURCES})
    target_link_libraries(${name} PRIVATE ${test_LIBRARIES} safer_test_support safer_cmocka)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES
        LABELS ${test_LABEL}
        TIMEOUT ${test_TIMEOUT}
        ENVIRONMENT "SAFER_SOURCE_DIR=${PROJECT_SOURCE_DIR};SAFER_BINARY_DIR=${PROJECT_BINARY_DIR};UBSAN_OPTIONS=print_stacktrace=1")
endfunction()
