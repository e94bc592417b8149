foreach(module IN ITEMS
        checkpoint codec commitment decimal field invitation limits merkle message methods scanner schema_travel)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_protocol)
endforeach()
