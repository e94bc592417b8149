# Sanitizers and coverage, switched on by a preset.

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
