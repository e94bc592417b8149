# Sanitizers, coverage and fuzzing, switched on by a preset.

add_library(safer_instrument INTERFACE)
if(SAFER_SANITIZE)
    set(sanitize -fsanitize=${SAFER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(safer_instrument INTERFACE ${sanitize})
    target_link_options(safer_instrument INTERFACE ${sanitize})
endif()
if(SAFER_COVERAGE)
    target_compile_options(safer_instrument INTERFACE --coverage)
    target_link_options(safer_instrument INTERFACE --coverage)
endif()

# The fuzzer's eyes in every file; and coverage as llvm-cov reads it, to say how far the fuzzer came.
if(SAFER_FUZZ)
    target_compile_options(safer_instrument INTERFACE -fsanitize=fuzzer-no-link)
    if(SAFER_FUZZ_COVERAGE)
        target_compile_options(safer_instrument INTERFACE -fprofile-instr-generate -fcoverage-mapping)
        target_link_options(safer_instrument INTERFACE -fprofile-instr-generate)
    endif()
endif()
