# The house rules as targets. A folder is a target; a target sees only the folders it links.
#
# Sources write `#include "stats/moments.hpp"`, the path from the top of the tree. To keep a target from
# seeing folders it does not link, each folder is reachable only through an include root of its own:
# <build>/include-roots/<target>/<folder> is a link to the folder. Linking a target adds its root.

# -O2 everywhere, -Og where code is compiled often and its own work is small: command lines, definitions, texts, tests.
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
endif()
add_library(liftmark_light INTERFACE)
target_compile_options(liftmark_light INTERFACE $<$<CONFIG:Release>:-Og>)

add_library(liftmark_options INTERFACE)
# -Wno-restrict: g++ 12 warns falsely about "text" + std::string (GCC bug 105651).
target_compile_options(liftmark_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${LIFTMARK_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:GNU>:-ffp-contract=off>
  $<$<CXX_COMPILER_ID:Clang>:-ffp-contract=off>)
if(LIFTMARK_SANITIZE)
  target_compile_options(liftmark_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(liftmark_options INTERFACE -fsanitize=address,undefined)
endif()
if(LIFTMARK_TSAN)
  target_compile_options(liftmark_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(liftmark_options INTERFACE -fsanitize=thread)
endif()

# liftmark_precompile(<target> <header>...): parses these and the standard library once for all files of the target. A
# file still includes what it uses: the clang preset builds without.
option(LIFTMARK_PRECOMPILE "Precompile the headers that most files include" ON)
function(liftmark_precompile target)
  if(LIFTMARK_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <charconv> <cmath> <cstdint> <filesystem> <functional>
      <limits> <map> <memory> <numeric> <optional> <set> <span> <stdexcept> <string> <string_view> <unordered_map>
      <utility> <variant> <vector> ${ARGN})
    # What ccache needs to see through a precompiled header.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  endif()
endfunction()

# liftmark_library(<name> <folder> [<linked target>...]): a static library from the .cpp files of one folder
# and of the folders below it that are not targets themselves.
function(liftmark_library name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  set(root ${PROJECT_BINARY_DIR}/include-roots/${name})
  get_filename_component(parent ${root}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  if(sources)
    add_library(liftmark_${name} STATIC ${sources})
    target_include_directories(liftmark_${name} PUBLIC
      $<BUILD_INTERFACE:${root}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/liftmark>)
    target_link_libraries(liftmark_${name} PUBLIC ${ARGN} PRIVATE $<BUILD_INTERFACE:liftmark_options>)
    set(headers)
    if("fmt::fmt" IN_LIST ARGN)
      list(APPEND headers <fmt/format.h>)
    endif()
    if("nlohmann_json::nlohmann_json" IN_LIST ARGN)
      list(APPEND headers <nlohmann/json.hpp>)
    endif()
    liftmark_precompile(liftmark_${name} ${headers})
  else()
    add_library(liftmark_${name} INTERFACE)
    target_include_directories(liftmark_${name} INTERFACE
      $<BUILD_INTERFACE:${root}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/liftmark>)
    target_link_libraries(liftmark_${name} INTERFACE ${ARGN})
  endif()
  add_library(liftmark::${name} ALIAS liftmark_${name})
  set_target_properties(liftmark_${name} PROPERTIES EXPORT_NAME ${name})
endfunction()
