#include <gtest/gtest.h>

#include "app/demo.h"
#include "app/wiring.h"
#include "db/testing.h"
#include "kpi/answer.h"

namespace dealpace::testing {
namespace {

// Every KPI of the catalogue has a figure on the demo network, or the answer says why it has none: an event of which
// nothing was recorded, a target or scorecard that is not set.
TEST(DemoKpis, EachAnswersOrSaysWhatIsMissing) {
  db::TestDatabase database(db::Kind::kSqlite);
  auto system = app::System::Open(database.url());
  ASSERT_TRUE(system.ok());
  app::DemoOptions options;
  options.dealers = 3;
  options.months = 14;
  options.until = *FromCivil(2026, 9, 30);
  ASSERT_TRUE(app::LoadDemo(**system, options).ok());
  const catalog::Catalog& catalog = (*system)->catalog();
  int answered = 0;
  for (const catalog::Kpi& kpi : catalog.kpis()) {
    kpi::Question question;
    const std::string formula = kpi.parameter.empty() ? kpi.id : kpi.id + "(deal_cnt)";
    question.columns = {{kpi.id, formula}};
    question.period = Period{*FromCivil(2026, 1, 1), *FromCivil(2026, 9, 30)};
    question.today = options.until;
    const auto answer = (*system)->engine().Ask(question);
    ASSERT_TRUE(answer.ok()) << kpi.id << ": " << answer.error().code;
    const bool has_figure = answer->total.cells[0].value.has_value();
    const bool explained = !answer->unrecorded_events.empty() || !answer->not_set.empty();
    EXPECT_TRUE(has_figure || explained) << kpi.id << " is undefined and does not say why";
    answered += has_figure ? 1 : 0;
  }
  EXPECT_GT(answered, 170);
}

}  // namespace
}  // namespace dealpace::testing
