# sluice_split_debug(PROGRAM): a release's program is stripped, and what gdb, perf and addr2line need lies beside it in
# PROGRAM.debug, where they look for it by the link and the checksum that the program keeps (docs/operating.md).
function(sluice_split_debug PROGRAM)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    return()
  endif()
  add_custom_command(TARGET ${PROGRAM} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${PROGRAM}> $<TARGET_FILE:${PROGRAM}>.debug
    COMMAND ${CMAKE_OBJCOPY} --strip-all --add-gnu-debuglink=$<TARGET_FILE:${PROGRAM}>.debug $<TARGET_FILE:${PROGRAM}>
    BYPRODUCTS ${CMAKE_BINARY_DIR}/${PROGRAM}.debug
    VERBATIM)
endfunction()
