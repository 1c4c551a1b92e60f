# sluice_library_headers(TARGET [TEST]): the libraries' headers that most files read are compiled once, and taken from there by all
# (TEST: GoogleTest's too): two of three seconds of each batch without optimisation. With SLUICE_LIBRARY_HEADERS, for clang, only:
# the preset dev, where each file names what it uses, does without, and GCC warns of its own headers when it takes them from there.
# The members of both JSON classes are compiled there alone, too: a tenth of the time of a file that uses them.
function(sluice_library_headers TARGET)
  cmake_parse_arguments(PARSE_ARGV 1 given TEST "" "")
  if(NOT SLUICE_LIBRARY_HEADERS OR NOT TARGET ${TARGET})
    return()
  endif()
  set(headers library_headers)
  if(given_TEST)
    set(headers test_${headers})
  endif()
  if(NOT TARGET ${headers})
    set(folder ${CMAKE_BINARY_DIR}/library_headers)
    file(CONFIGURE OUTPUT ${folder}/json_compiled_elsewhere.h CONTENT
      "extern template class nlohmann::basic_json<>;\nextern template class nlohmann::basic_json<nlohmann::ordered_map>;\n")
    file(CONFIGURE OUTPUT ${folder}/library_headers.cc CONTENT "")
    add_library(${headers} OBJECT ${folder}/library_headers.cc)
    target_link_libraries(${headers} PRIVATE sluice_options fmt::fmt nlohmann_json::nlohmann_json tl::expected Threads::Threads)
    target_precompile_headers(${headers} PRIVATE
      <algorithm> <array> <functional> <map> <memory> <mutex> <optional> <set> <string> <string_view> <utility> <vector>
      <fmt/format.h> <nlohmann/json.hpp> <tl/expected.hpp>
      ${folder}/json_compiled_elsewhere.h)
    if(NOT TARGET compiled_json)
      file(CONFIGURE OUTPUT ${folder}/compiled_json.cc CONTENT
        "#include <nlohmann/json.hpp>\ntemplate class nlohmann::basic_json<>;\ntemplate class nlohmann::basic_json<nlohmann::ordered_map>;\n")
      add_library(compiled_json STATIC ${folder}/compiled_json.cc)
      target_link_libraries(compiled_json PRIVATE sluice_options nlohmann_json::nlohmann_json)
    endif()
    if(given_TEST)
      target_link_libraries(${headers} PRIVATE GTest::gtest)
      target_precompile_headers(${headers} PRIVATE <gtest/gtest.h>)
    endif()
  endif()
  target_precompile_headers(${TARGET} REUSE_FROM ${headers})
  target_link_libraries(${TARGET} PUBLIC compiled_json)
endfunction()
