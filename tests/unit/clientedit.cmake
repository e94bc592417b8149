# The client's editor, import and drafts, without a server.
foreach(module IN ITEMS drafts form import kept merge rebase sheet)
    add_cmocka_test(client_${module}_test LABEL unit LIBRARIES safer_client)
endforeach()
add_cmocka_test(refused_item_test LABEL unit LIBRARIES safer_plan_fixture)
