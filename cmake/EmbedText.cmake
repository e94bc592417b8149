# embed_text(TARGET SYMBOL FILE) puts a text file into a target:
#
#     embed_text(safer_server store_schema_sql schema.sql)
#     #include "embedded/store_schema_sql.h"   ->   extern const char store_schema_sql[];
#
# The array ends with a NUL; store_schema_sql_bytes is its length without. A change of the file rebuilds it.

if(CMAKE_SCRIPT_MODE_FILE)
    file(READ ${INPUT} bytes HEX)
    string(LENGTH "${bytes}" digits)
    math(EXPR length "${digits} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
    file(WRITE ${OUTPUT} "#include \"embedded/${SYMBOL}.h\"\n"
        "const char ${SYMBOL}[] = {${bytes}0};\n"
        "const size_t ${SYMBOL}_bytes = ${length};\n")
    return()
endif()

set(SAFER_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

# An object library of its own, because a custom command serves only the folder that it is written in.
function(embed_text target symbol file)
    set(folder ${PROJECT_BINARY_DIR}/generated)
    cmake_path(ABSOLUTE_PATH file)
    file(CONFIGURE OUTPUT ${folder}/embedded/${symbol}.h CONTENT
        "#include <stddef.h>\nextern const char ${symbol}[];\nextern const size_t ${symbol}_bytes;\n")
    add_custom_command(
        OUTPUT ${folder}/embedded/${symbol}.c
        COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${folder}/embedded/${symbol}.c -DSYMBOL=${symbol}
            -P ${SAFER_EMBED_SCRIPT}
        DEPENDS ${file} ${SAFER_EMBED_SCRIPT}
        VERBATIM)
    add_library(safer_embed_${symbol} OBJECT ${folder}/embedded/${symbol}.c)
    target_include_directories(safer_embed_${symbol} PRIVATE ${folder})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:safer_embed_${symbol}>)
    target_include_directories(${target} PRIVATE ${folder})
endfunction()
