#include "db/db.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "db/backend.h"

namespace dealpace::db {

Rows::Rows(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;
bool Rows::Next() { return impl_->Next(); }
bool Rows::IsNull(int column) const { return impl_->IsNull(column); }
int64_t Rows::Int(int column) const { return impl_->Int(column); }
double Rows::Double(int column) const { return impl_->Double(column); }
std::string_view Rows::Text(int column) const { return impl_->Text(column); }
std::string_view Rows::Bytes(int column) const { return impl_->Bytes(column); }
std::optional<int64_t> Rows::OptionalInt(int column) const {
  if (impl_->IsNull(column)) return std::nullopt;
  return impl_->Int(column);
}

BulkInsert::BulkInsert(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BulkInsert::BulkInsert(BulkInsert&&) noexcept = default;
BulkInsert::~BulkInsert() = default;
void BulkInsert::Row(std::span<const Value> values) { impl_->Row(values); }
void BulkInsert::Finish() { impl_->Finish(); }

Result<std::unique_ptr<Database>> Database::Open(std::string_view url, const Options& options) {
  if (url.starts_with("postgres://") || url.starts_with("postgresql://")) return OpenPostgres(url, options);
  return OpenSqlite(url, options);
}

namespace {

thread_local Moment* innermost_moment = nullptr;

}  // namespace

Moment::Moment(Database& database) : database_(database), outer_(innermost_moment) {
  marks_[static_cast<size_t>(Changes::kAll)] = database.ChangeMark();
  marks_[static_cast<size_t>(Changes::kMasters)] = database.ChangeMark(Changes::kMasters);
  innermost_moment = this;
}

Moment::~Moment() { innermost_moment = outer_; }

std::optional<int64_t> Database::ChangeMark(Changes of) {
  for (const Moment* moment = innermost_moment; moment != nullptr; moment = moment->outer_) {
    if (&moment->database_ == this) return moment->marks_[static_cast<size_t>(of)];
  }
  return AskChangeMark(of);
}

void BackendConnection::CheckValues(std::span<const Value> values) {
  for (const Value& value : values) {
    if (const auto* text = std::get_if<std::string_view>(&value.state())) {
      if (text->find('\0') != std::string_view::npos) Fail("a text with a NUL character cannot be stored");
      const bool ascii =
          std::all_of(text->begin(), text->end(), [](char c) { return static_cast<signed char>(c) >= 0; });
      if (!ascii && !IsUtf8(*text)) Fail("a text that is not UTF-8 cannot be stored");
    } else if (const auto* number = std::get_if<double>(&value.state())) {
      if (std::isnan(*number)) Fail("not-a-number cannot be stored");
    }
  }
}

Status RunTransaction(BackendConnection& connection, const Work& work, bool write, std::string_view place) {
  try {
    connection.Begin(write);
    Status status = work(connection);
    if (status.ok() && connection.failure()) throw DbError(*connection.failure());
    if (status.ok() && write) {
      connection.Commit();
    } else {
      connection.Rollback();
    }
    return status;
  } catch (const DbError& error) {
    Error result = ToError(error, place);
    connection.Rollback();
    return result;
  } catch (...) {
    connection.Rollback();
    throw;
  }
}

namespace {

thread_local const WriteScope* innermost_write = nullptr;

}  // namespace

WriteScope::WriteScope(const Database* database) : database_(database), outer_(innermost_write) {
  for (const WriteScope* scope = outer_; scope != nullptr; scope = scope->outer_) {
    if (scope->database_ == database) {
      throw std::logic_error("Database::Write called inside Write of the same database");
    }
  }
  innermost_write = this;
}

WriteScope::~WriteScope() { innermost_write = outer_; }

Error ToError(const DbError& error, std::string_view place) {
  std::string_view code = "storage_failed";
  switch (error.why()) {
    case DbError::Why::kOther:
    case DbError::Why::kUnique: break;
    case DbError::Why::kBusy: code = "database_locked"; break;
    case DbError::Why::kCorrupt: code = "database_corrupt"; break;
    case DbError::Why::kConnection: code = "database_unreachable"; break;
    case DbError::Why::kFull: code = "storage_full"; break;
  }
  return Error(code).With("path", place).With("detail", std::string_view(error.what()));
}

std::string Describe(std::string_view what, std::string_view sql) {
  constexpr size_t kShown = 200;
  std::string text(Trim(what));
  if (sql.empty()) return text;
  text += ", in: ";
  text += sql.substr(0, kShown);
  if (sql.size() > kShown) text += "…";
  return text;
}

}  // namespace dealpace::db
