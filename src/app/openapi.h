#pragma once

#include <string>
#include <vector>

// The contract of the HTTP interface, docs/openapi.yaml, which is compiled in.
namespace dealpace::app {

// The contract as JSON; made once.
[[nodiscard]] const std::string& OpenApiJson();

struct Operation {
  std::string method;  // "GET"
  std::string path;    // "/api/v1/imports/{id}"
  bool open = false;   // needs nobody signed in
};
// The operations that the contract promises, in its order.
[[nodiscard]] std::vector<Operation> ContractOperations();

}  // namespace dealpace::app
