#include "leads/attachment_homes.h"

#include <utility>

namespace dealpace::leads {

std::vector<attachments::Home> AttachmentHomes(std::function<Result<Store*>()> store,
                                               std::function<Result<Visible>(const http::Request&, DealerId)> visible) {
  using AtHome = attachments::Home::Found;
  const auto asker_of = [visible = std::move(visible)](const http::Request& request, DealerId dealer) -> Result<Asker> {
    ASSIGN_OR_RETURN(Visible sees, visible(request, dealer));
    return Asker{dealer, std::move(sees), request.caller.login, {}};
  };
  attachments::Home customer{kCustomerHome, "/api/v1/customers/{id}/attachments", "id", {}};
  customer.find = [store, asker_of](db::Connection& connection, const http::Request& request, DealerId dealer,
                                    const std::string& text, bool change, Instant now) -> Result<AtHome> {
    ASSIGN_OR_RETURN(const Asker asker, asker_of(request, dealer));
    ASSIGN_OR_RETURN(Store * customers, store());
    const int64_t id = attachments::NumberOf(text);
    if (id == 0) return Error("not_found");
    // Nobody anonymises or merges meanwhile.
    if (change) ledger::Lock(connection, dealer);
    ASSIGN_OR_RETURN(const Seen seen, customers->See(connection, asker, CustomerId(id), now));
    if (change && seen.anonymised_at) return Error("customer_anonymised");
    AtHome found;
    found.adds_to = {kCustomerHome, std::to_string(seen.id.value)};
    for (const CustomerId each : seen.all()) found.shows.push_back({kCustomerHome, std::to_string(each.value)});
    if (change) return found;
    ASSIGN_OR_RETURN(const std::vector<std::string> leads, customers->LeadsOf(connection, asker, seen.id, now));
    for (const std::string& lead : leads) found.shows.push_back({kLeadHome, lead});
    return found;
  };
  attachments::Home lead{kLeadHome, "/api/v1/leads/{lead}/attachments", "lead", {}};
  lead.find = [store, asker_of](db::Connection& connection, const http::Request& request, DealerId dealer,
                                const std::string& code, bool change, Instant now) -> Result<AtHome> {
    ASSIGN_OR_RETURN(const Asker asker, asker_of(request, dealer));
    ASSIGN_OR_RETURN(Store * customers, store());
    if (change) ledger::Lock(connection, dealer);
    ASSIGN_OR_RETURN(const CustomerId of, customers->CustomerOfLead(connection, asker, code, now));
    ASSIGN_OR_RETURN(const Seen seen, customers->See(connection, asker, of, now));
    if (change && seen.anonymised_at) return Error("customer_anonymised");
    return AtHome{{kLeadHome, code}, {{kLeadHome, code}}};
  };
  std::vector<attachments::Home> homes;
  homes.push_back(std::move(customer));
  homes.push_back(std::move(lead));
  return homes;
}

Result<CustomerId> CustomerOf(db::Connection& connection, DealerId dealer, const attachments::Owner& owner) {
  if (owner.kind == kCustomerHome) return CustomerId(attachments::NumberOf(owner.id));
  db::Rows rows = connection.Query("SELECT customer_id FROM lead WHERE dealer_id = ?1 AND lead = ?2", dealer, owner.id);
  if (!rows.Next()) return Error("not_found");
  return CustomerId(rows.Int(0));
}

}  // namespace dealpace::leads
