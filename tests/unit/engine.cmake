# The schema, the rights, the engine of records, its rules, and what is read of it.
foreach(module IN ITEMS schema policy)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_server)
endforeach()
foreach(module IN ITEMS
        can change comments conflict digest_mail editing_rights feed history inbox journal_reading members needs presence query
        reading recent references repeat
        rules session sessions transition views)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_plan_fixture)
endforeach()
