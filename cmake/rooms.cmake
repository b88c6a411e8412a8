# dealpace_batches(target)
#
# With DEALPACE_UNITY compiles the target's sources several at a time, as tools/batches puts them together.
function(dealpace_batches target)
  if(NOT DEALPACE_UNITY)
    return()
  endif()
  get_target_property(folder ${target} SOURCE_DIR)
  get_target_property(sources ${target} SOURCES)
  set(paths "")
  foreach(source IN LISTS sources)
    get_filename_component(path ${source} ABSOLUTE BASE_DIR ${folder})
    if(NOT path IN_LIST DEALPACE_ALONE)
      list(APPEND paths ${path})
    endif()
  endforeach()
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/batches ${paths} OUTPUT_VARIABLE lines
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" lines "${lines}")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([0-9]+) (.*)$" line "${line}")
    set_source_files_properties(${CMAKE_MATCH_2} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${CMAKE_MATCH_1})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It takes unnamed namespaces for those of a header.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# dealpace_test_program(name sources…)
#
# A test program, ${name}_test. What it is made of runs once: compiling it well would take longer than it saves. Programs
# of which much is waiting run in parts at the same time: DEALPACE_PARTS_${name}.
set(DEALPACE_PARTS_integration 4)
set(DEALPACE_PARTS_exchange 2)
set(DEALPACE_PARTS_access 2)
set(DEALPACE_PARTS_property 2)
function(dealpace_test_program name)
  add_executable(${name}_test ${ARGN})
  target_link_libraries(${name}_test PRIVATE GTest::gtest GTest::gtest_main)
  target_compile_options(${name}_test PRIVATE $<$<CONFIG:Release>:-O1>)
  dealpace_batches(${name}_test)
  set(parts 1)
  if(DEALPACE_PARTS_${name})
    set(parts ${DEALPACE_PARTS_${name}})
  endif()
  foreach(part RANGE 1 ${parts})
    set(test ${name})
    if(parts GREATER 1)
      set(test ${name}_${part})
    endif()
    add_test(NAME ${test} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    math(EXPR index "${part} - 1")
    set_tests_properties(${test} PROPERTIES ENVIRONMENT "GTEST_TOTAL_SHARDS=${parts};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# dealpace_room(name USES other rooms… LIBS libraries…)
#
# One library per folder of src/, and one test program from the *_test.cc beside the sources. main.cc stays out.
function(dealpace_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|main)\\.cc$")
  add_library(dealpace_${name} STATIC ${sources})
  dealpace_batches(dealpace_${name})
  target_include_directories(dealpace_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  foreach(used ${ROOM_USES})
    target_link_libraries(dealpace_${name} PUBLIC dealpace_${used})
  endforeach()
  target_link_libraries(dealpace_${name} PUBLIC ${ROOM_LIBS})
  if(tests AND NOT DEALPACE_FUZZ)
    dealpace_test_program(${name} ${tests})
    target_link_libraries(${name}_test PRIVATE dealpace_${name})
  endif()
endfunction()

# dealpace_embed(room folder pattern)
#
# Puts the files of a folder into the room's library, as the function dealpace::<room>::EmbeddedFiles().
function(dealpace_embed room folder pattern)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/${pattern})
  set(blobs "")
  set(rows "")
  set(index 0)
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    set(symbol "${room}_embedded_${index}")
    string(APPEND blobs "asm(\".section .rodata\\n${symbol}:\\n.incbin \\\"${file}\\\"\\n${symbol}_end:\\n.previous\\n\");\n"
                        "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows "      {\"${name}\", {${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/embedded/${room}_embedded.cc)
  file(GENERATE OUTPUT ${out} CONTENT "#include \"${room}/embedded.h\"\n\n${blobs}
namespace dealpace::${room} {

std::vector<EmbeddedFile> EmbeddedFiles() {
  return {
${rows}  };
}

}  // namespace dealpace::${room}
")
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(dealpace_${room} PRIVATE ${out})
endfunction()

# dealpace_embed_file(room Symbol path)
#
# Puts one file into the room's library, as the function std::string_view dealpace::<room>::Symbol(); without the file,
# it returns an empty text. The header, <room>/<symbol in snake case>.h, is the room's. When the file comes or changes,
# the library is made anew.
function(dealpace_embed_file room symbol path)
  file(GLOB found CONFIGURE_DEPENDS ${path})
  string(REGEX REPLACE "([a-z])([A-Z])" "\\1_\\2" name ${symbol})
  string(TOLOWER ${name} name)
  set(label "${room}_${name}")
  set(out ${CMAKE_BINARY_DIR}/embedded/${label}.cc)
  if(found)
    set(blob "asm(\".section .rodata\\n${label}:\\n.incbin \\\"${path}\\\"\\n${label}_end:\\n.previous\\n\");
extern \"C\" const char ${label}[];
extern \"C\" const char ${label}_end[];
")
    set(value "{${label}, static_cast<size_t>(${label}_end - ${label})}")
  else()
    set(blob "")
    set(value "{}")
  endif()
  file(GENERATE OUTPUT ${out} CONTENT "#include \"${room}/${name}.h\"\n\n#include <cstddef>\n\n${blob}
namespace dealpace::${room} {

std::string_view ${symbol}() { return ${value}; }

}  // namespace dealpace::${room}
")
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${found}")
  target_sources(dealpace_${room} PRIVATE ${out})
endfunction()
