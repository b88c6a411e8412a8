#include "exchange/import_result.h"

#include <algorithm>
#include <map>
#include <set>

namespace dealpace::exchange {
namespace {

namespace json = boost::json;

constexpr size_t kNotesMax = 200;
constexpr size_t kMeasuresMax = 12;

json::object Counts(const std::map<std::string, int64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

// Measures that count an event, in the order of the catalogue.
std::vector<const catalog::Measure*> MeasuresOf(const std::map<std::string, int64_t>& recorded,
                                                const catalog::Catalog& catalog) {
  std::vector<const catalog::Measure*> measures;
  for (const catalog::Measure& measure : catalog.measures()) {
    const bool counts = measure.kind == catalog::SumKind::kQuantity || measure.kind == catalog::SumKind::kFirstQuantity;
    if (!counts || measure.balance || !measure.filters.empty() || measure.event < 0) continue;
    const catalog::Event& event = catalog.events()[static_cast<size_t>(measure.event)];
    if (recorded.contains(event.id) && measures.size() < kMeasuresMax) measures.push_back(&measure);
  }
  return measures;
}

json::array Moved(const ImportSummary& summary, bool dry_run, const catalog::Catalog& catalog,
                  const std::function<Result<kpi::Answer>(const kpi::Question&)>& ask) {
  json::array moved;
  if (!summary.days) return moved;
  const std::vector<const catalog::Measure*> measures = MeasuresOf(summary.recorded, catalog);
  kpi::Question question;
  question.period = *summary.days;
  for (const catalog::Measure* measure : measures) question.columns.push_back({measure->id, measure->id});
  std::vector<double> now(measures.size());
  if (ask && !measures.empty()) {
    const Result<kpi::Answer> answer = ask(question);
    if (answer.ok() && answer->total.cells.size() == measures.size()) {
      for (size_t i = 0; i < measures.size(); ++i) now[i] = answer->total.cells[i].value.value_or(0);
    }
  }
  for (size_t i = 0; i < measures.size(); ++i) {
    double count = now[i];
    const auto& event = catalog.events()[static_cast<size_t>(measures[i]->event)].id;
    if (const auto it = summary.quantity_new.find(event); (dry_run || !ask) && it != summary.quantity_new.end()) {
      count += static_cast<double>(it->second) / 1000;
    }
    moved.push_back(json::object{{"measure", measures[i]->id}, {"count", count}});
  }
  return moved;
}

}  // namespace

json::object ResultJson(const ImportSummary& summary, bool dry_run, const catalog::Catalog& catalog,
                        const std::function<Result<kpi::Answer>(const kpi::Question&)>& ask) {
  json::object result;
  result["dry_run"] = dry_run;
  result["rows"] = json::object{{"read", summary.rows_read},
                                {"taken", summary.rows_taken},
                                {"new", summary.counts.rows_new},
                                {"changed", summary.counts.rows_changed},
                                {"unchanged", summary.counts.rows_unchanged},
                                {"empty", summary.rows_empty},
                                {"refused", summary.rows_refused}};
  result["entries"] = json::object{{"new", summary.booked.added},
                                   {"changed", summary.booked.changed},
                                   {"unchanged", summary.booked.unchanged},
                                   {"removed", summary.booked.removed}};
  result["recorded"] = Counts(summary.recorded);
  result["created"] = Counts(summary.created);
  result["reasons"] = Counts(summary.reasons);
  json::array translations;
  json::array unknown;
  std::vector<const CellNote*> notes;
  for (const CellNote& note : summary.notes) notes.push_back(&note);
  std::stable_sort(notes.begin(), notes.end(), [](const CellNote* a, const CellNote* b) { return a->rows > b->rows; });
  for (const CellNote* note : notes) {
    if (note->kind == CellNote::Kind::kTranslated && translations.size() < kNotesMax) {
      translations.push_back(
          json::object{{"field", note->field}, {"cell", note->cell}, {"code", note->other}, {"rows", note->rows}});
    }
    if (note->kind != CellNote::Kind::kTranslated && unknown.size() < kNotesMax) {
      unknown.push_back(
          json::object{{"field", note->field},
                       {"cell", note->cell},
                       {"rows", note->rows},
                       {"suggestion", note->other.empty() ? json::value(nullptr) : json::value(note->other)}});
    }
  }
  result["translations"] = std::move(translations);
  result["unknown"] = std::move(unknown);
  result["period"] = nullptr;
  if (summary.days) {
    result["period"] = json::object{{"from", FormatDay(summary.days->from)}, {"to", FormatDay(summary.days->to)}};
  }
  result["moved"] = Moved(summary, dry_run, catalog, ask);
  return result;
}

}  // namespace dealpace::exchange
