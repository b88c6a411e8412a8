#pragma once

#include <functional>
#include <string>

#include "app/customers_file.h"
#include "app/wiring.h"
#include "http/router.h"
#include "leads/customer_import.h"
#include "privacy/store.h"

// Lists of customers over HTTP: docs/openapi.yaml, tag `customers`, paths /api/v1/customer-imports.
namespace dealpace::app {

// What the routes work with; all outlive the router.
struct CustomerImportDeps {
  System& system;
  // The stores, once the server has its keys; before that why it has none.
  std::function<Result<leads::Store*>()> customers;
  std::function<Result<privacy::Store*>()> privacy;
  // Whose customers the caller sees at this dealer. Its error is the answer.
  std::function<Result<leads::Visible>(const http::Request&, DealerId)> visible;
  std::function<Instant()> now;
  std::string folder;  // for workbooks on their way
  db::AuditLog audit;
};
void AddCustomerImportRoutes(http::Router& router, const CustomerImportDeps& deps);

// ---- What the command line shares with the routes ----

// A list with all that was said of it: what lies in the head of an import, and in its pieces.
struct CustomerList {
  CustomerSheet sheet;  // without its lines, where only the head was read
  std::vector<std::string> columns;
  leads::ImportChoices choices;
  std::string consents = "[]";  // as JSON, privacy::ReadConsents
};
[[nodiscard]] std::string ListHead(const CustomerList& list);
[[nodiscard]] std::vector<std::string> ListPieces(const CustomerList& list);
// What the dealer is called; empty: there is none.
[[nodiscard]] Result<std::vector<std::string>> NamesOfDealer(System& system, DealerId dealer);

// All that an import of a list does with each customer: consents, and what is kept of lines that are not taken.
[[nodiscard]] Result<leads::CustomerImports::Work> WorkOf(const CustomerList& list,
                                                          const std::vector<leads::ImportRow>& rows,
                                                          privacy::Store& privacy, const leads::Asker& asker,
                                                          Instant now);
// For CustomerImports::Undo.
[[nodiscard]] leads::CustomerImports::Forget ForgetBy(const privacy::Store& privacy);

}  // namespace dealpace::app
