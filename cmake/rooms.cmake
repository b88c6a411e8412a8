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
  target_include_directories(dealpace_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  foreach(used ${ROOM_USES})
    target_link_libraries(dealpace_${name} PUBLIC dealpace_${used})
  endforeach()
  target_link_libraries(dealpace_${name} PUBLIC ${ROOM_LIBS})
  if(tests AND NOT DEALPACE_FUZZ)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE dealpace_${name} GTest::gtest GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
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
