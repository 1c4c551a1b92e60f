# What every target of ours is compiled with. The compiler is told to treat each warning as an error, so a warning is
# either mended or, with its reason, silenced where it stands.
add_library(sluice_options INTERFACE)
target_compile_options(sluice_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-align -Wformat=2 -Werror -fno-omit-frame-pointer)
if(SLUICE_UNITY)
  # Two warnings take the files of a batch for one: the preset dev, where each stands alone, has them on.
  target_compile_options(sluice_options INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
target_include_directories(sluice_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(sluice_options INTERFACE
  SLUICE_VERSION="${PROJECT_VERSION}"
  SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)

if(SLUICE_SANITIZERS)
  target_compile_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZERS} -fno-sanitize-recover=all)
  target_link_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZERS})
endif()
