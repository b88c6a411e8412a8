#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/text.h"
#include "db/backend.h"

namespace dealpace::db {
namespace {

constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;
constexpr Oid kFloat8 = 701;

constexpr size_t kCopyChunk = 1 << 20;
// A bulk of so few rows goes as inserts, which wait for nothing; COPY takes two journeys, but less for each row.
constexpr size_t kFewRows = 64;
constexpr size_t kRowsOfInsert = 8;
// So many statements may wait for their answers.
constexpr size_t kUnansweredMax = 256;
constexpr int kAttempts = 5;
constexpr auto kPauseFirst = std::chrono::milliseconds(50);
constexpr auto kPauseMax = std::chrono::milliseconds(2'000);

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;
struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

DbError::Why WhyOf(std::string_view sqlstate) {
  if (sqlstate == "23505") return DbError::Why::kUnique;
  if (sqlstate == "53100") return DbError::Why::kFull;
  // Lost to another, or waited or worked for longer than the time-outs allow.
  for (const std::string_view busy : {"40001", "40P01", "55P03", "57014"}) {
    if (sqlstate == busy) return DbError::Why::kBusy;
  }
  if (sqlstate == "XX001" || sqlstate == "XX002") return DbError::Why::kCorrupt;
  // No connection, the server stops, sign-in refused, no such database, too many connections, ended for idling.
  for (const std::string_view connection : {"08", "57P0", "28", "3D", "53300", "25P03"}) {
    if (sqlstate.starts_with(connection)) return DbError::Why::kConnection;
  }
  return DbError::Why::kOther;
}

bool IsName(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// True when the text holds CREATE TEMP…: then the connection has something to clean up.
bool MakesTemporary(std::string_view sql) {
  const std::string lower = ToLower(sql);
  for (size_t at = lower.find("create"); at != std::string::npos; at = lower.find("create", at + 1)) {
    const size_t word = lower.find_first_not_of(" \t\r\n", at + 6);
    if (word != std::string::npos && word > at + 6 && lower.compare(word, 4, "temp") == 0) return true;
  }
  return false;
}

// Appends a value as the server reads it from a text; nothing for NULL.
void AppendText(const Value& value, std::string& out) {
  std::array<char, 40> digits;
  const auto append_number = [&](auto number) {
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  };
  const Value::State& state = value.state();
  if (const auto* number = std::get_if<int64_t>(&state)) {
    append_number(*number);
  } else if (const auto* real = std::get_if<double>(&state)) {
    append_number(*real);
  } else if (const auto* text = std::get_if<std::string_view>(&state)) {
    out += *text;
  } else if (const auto* blob = std::get_if<Blob>(&state)) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += "\\x";
    for (const char c : blob->bytes) {
      const auto byte = static_cast<unsigned char>(c);
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

bool IsNull(const Value& value) { return std::holds_alternative<std::monostate>(value.state()); }

// Appends a value as COPY's text format has it.
void AppendCopyValue(const Value& value, std::string& out) {
  if (const auto* text = std::get_if<std::string_view>(&value.state())) {
    for (const char c : *text) {
      switch (c) {
        case '\\': out += "\\\\"; break;
        case '\t': out += "\\t"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        default: out += c;
      }
    }
    return;
  }
  if (IsNull(value)) {
    out += "\\N";
    return;
  }
  if (std::holds_alternative<Blob>(value.state())) out += '\\';  // the one that AppendText puts is doubled
  AppendText(value, out);
}

int HexDigit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// The whole result is in memory: other statements may then run on the connection. Who reads much reads it in pages.
class PostgresRows final : public Rows::Impl {
 public:
  explicit PostgresRows(ResultHandle result)
      : result_(std::move(result)),
        count_(PQntuples(result_.get())),
        bytes_(static_cast<size_t>(PQnfields(result_.get()))) {}

  bool Next() override {
    if (row_ + 1 >= count_) return false;
    ++row_;
    for (auto& bytes : bytes_) bytes.reset();
    return true;
  }
  [[nodiscard]] bool IsNull(int column) const override { return PQgetisnull(result_.get(), row_, column) != 0; }
  [[nodiscard]] int64_t Int(int column) const override {
    const std::string_view text = Raw(column);
    if (PQftype(result_.get(), column) == kBool) return text == "t" ? 1 : 0;
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  [[nodiscard]] double Double(int column) const override {
    const std::string_view text = Raw(column);
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);  // knows Infinity and NaN, too
    return number;
  }
  [[nodiscard]] std::string_view Text(int column) const override { return Bytes(column); }
  [[nodiscard]] std::string_view Bytes(int column) const override {
    const std::string_view text = Raw(column);
    if (PQftype(result_.get(), column) != kBytea || !text.starts_with("\\x")) return text;
    auto& bytes = bytes_[static_cast<size_t>(column)];
    if (!bytes) {
      bytes.emplace();
      bytes->reserve(text.size() / 2);
      for (size_t i = 2; i + 1 < text.size(); i += 2) {
        bytes->push_back(static_cast<char>(HexDigit(text[i]) * 16 + HexDigit(text[i + 1])));
      }
    }
    return *bytes;
  }

 private:
  [[nodiscard]] std::string_view Raw(int column) const {
    const char* value = PQgetvalue(result_.get(), row_, column);
    if (value == nullptr) return {};
    return {value, static_cast<size_t>(PQgetlength(result_.get(), row_, column))};
  }

  ResultHandle result_;
  int row_ = -1;
  int count_;
  mutable std::vector<std::optional<std::string>> bytes_;  // columns of bytes of this row, decoded when asked for
};

// The values of one statement in the form that the server takes: numbers, texts and bytes in binary. They point
// into the values, which must stay.
class Parameters {
 public:
  explicit Parameters(std::span<const Value> values) {
    const size_t count = values.size();
    types.reserve(count);
    pointers.reserve(count);
    lengths.reserve(count);
    numbers_.reserve(count);
    signature.reserve(count + 1);
    for (const Value& value : values) Add(value.state());
    formats.assign(count, 1);
    signature += '\n';
  }
  // Texts that the server reads as whatever stands in their place.
  explicit Parameters(std::span<const std::optional<std::string>> texts) : signature("texts\n") {
    types.assign(texts.size(), 0);
    formats.assign(texts.size(), 0);
    lengths.assign(texts.size(), 0);
    for (const auto& text : texts) pointers.push_back(text ? text->c_str() : nullptr);
  }

  // One letter per type: a prepared statement is bound to the types that it was prepared with.
  std::string signature;
  std::vector<Oid> types;
  std::vector<const char*> pointers;
  std::vector<int> lengths;
  std::vector<int> formats;

 private:
  void Add(const Value::State& state) {
    if (const auto* number = std::get_if<int64_t>(&state)) {
      AddNumber('i', kInt8, static_cast<uint64_t>(*number));
    } else if (const auto* real = std::get_if<double>(&state)) {
      AddNumber('r', kFloat8, std::bit_cast<uint64_t>(*real));
    } else if (const auto* text = std::get_if<std::string_view>(&state)) {
      AddBytes('t', kText, *text);
    } else if (const auto* blob = std::get_if<Blob>(&state)) {
      AddBytes('b', kBytea, blob->bytes);
    } else {
      // The server infers the type of a NULL from where it stands.
      signature += 'n';
      types.push_back(0);
      pointers.push_back(nullptr);
      lengths.push_back(0);
    }
  }
  void AddNumber(char letter, Oid type, uint64_t bits) {
    std::array<char, 8>& bytes = numbers_.emplace_back();
    for (int i = 0; i < 8; ++i) bytes[static_cast<size_t>(i)] = static_cast<char>(bits >> (56 - 8 * i));
    AddBytes(letter, type, {bytes.data(), bytes.size()});
  }
  void AddBytes(char letter, Oid type, std::string_view bytes) {
    signature += letter;
    types.push_back(type);
    pointers.push_back(bytes.empty() ? "" : bytes.data());
    lengths.push_back(static_cast<int>(bytes.size()));
  }

  std::vector<std::array<char, 8>> numbers_;  // never grows past its reserve
};

// Statements are sent without waiting for each other where nobody needs their answers in between: BEGIN goes out with
// the first statement, a statement is prepared and run in one journey, ExecuteLater goes with whatever is waited for
// next, and nobody waits for the ROLLBACK that ends a reading. So a reading of one statement takes one journey to the
// server, where one by one would take four.
class PostgresConnection final : public BackendConnection {
 public:
  PostgresConnection(const std::string& url, const Options& options);

  [[nodiscard]] Kind kind() const override { return Kind::kPostgres; }
  [[nodiscard]] Rows QueryValues(std::string_view sql, std::span<const Value> values) override {
    return Rows(std::make_unique<PostgresRows>(RunPrepared(sql, values)));
  }
  int64_t ExecuteValues(std::string_view sql, std::span<const Value> values) override;
  void ExecuteLaterValues(std::string_view sql, std::span<const Value> values) override;
  void ExecuteScript(std::string_view sql) override;
  [[nodiscard]] BulkInsert Bulk(std::string_view table, std::span<const std::string_view> columns) override;

  void Begin(bool write) override;
  void Commit() override;
  void Rollback() noexcept override;

  // A whole COPY … FROM STDIN of rows in text format.
  void Copy(const std::string& sql, std::string_view rows);
  // Runs an insert later; its values are texts that the server reads as what the columns are.
  void InsertTexts(const std::string& sql, std::span<const std::optional<std::string>> values);
  void CheckValues(std::span<const Value> values) { BackendConnection::CheckValues(values); }
  void CheckUsable() const { ThrowIfFailed(); }

  // Whether the transaction last begun did begin on the server.
  [[nodiscard]] bool begun() const { return begun_; }
  // Whether it failed in a way that may pass when it is run again.
  [[nodiscard]] bool may_pass_again() const { return may_pass_again_; }
  [[nodiscard]] bool dead() const { return PQstatus(handle_.get()) != CONNECTION_OK; }
  [[nodiscard]] bool idle() const {
    return !dead() && (rolling_back_ || (PQpipelineStatus(handle_.get()) == PQ_PIPELINE_OFF &&
                                         PQtransactionStatus(handle_.get()) == PQTRANS_IDLE));
  }

 private:
  struct Statement {
    std::string name;
    bool of_transaction = false;  // may speak of a temporary table, so it goes when the transaction ends
  };
  // What was sent and has not been answered yet.
  struct Sent {
    enum class What { kBegin, kPrepare, kOther } what = What::kOther;
    std::string sql;   // for the error; of kPrepare also that of the statement
    std::string name;  // of kPrepare: the statement's
  };

  [[noreturn]] void FailWith(const PGresult* result, std::string_view sql);
  void Run(const char* sql);
  ResultHandle RunPrepared(std::string_view sql, std::span<const Value> values);
  // Prepares the statement, if it is new, and sends it; Answers has to follow sooner or later.
  void Send(std::string_view sql, const Parameters& parameters);
  const Statement& SendPrepare(std::string key, std::string_view sql, const Parameters& parameters);
  void SendPlain(const char* sql, Sent::What what);
  void NoteSent(int sent, Sent::What what, std::string_view sql, std::string name = {});
  // Waits for all that was sent, and returns the answer to the last of it.
  ResultHandle Answers();
  // Sends the BEGIN that waits, and waits for all that was sent.
  void Settle();
  void Deallocate(const std::string& names);
  void EndTransaction();
  void ReadRollback() noexcept;   // leaves pipeline mode on
  void AwaitRollback() noexcept;  // leaves it

  std::unique_ptr<PGconn, FinishConnection> handle_;
  LruCache<Statement> cache_;
  int64_t statements_made_ = 0;
  const char* begin_ = nullptr;  // the BEGIN that has not been sent yet
  std::vector<Sent> sent_;       // in pipeline mode while there is any
  bool rolling_back_ = false;    // a ROLLBACK was sent in pipeline mode, and nobody has looked at its answer
  bool begun_ = false;
  bool may_pass_again_ = false;
  bool plans_outdated_ = false;
  bool made_temporary_ = false;
};

// Rows gather in memory. Few go out as inserts, many as one COPY per chunk; the connection is free in between.
class PostgresBulkInsert final : public BulkInsert::Impl {
 public:
  PostgresBulkInsert(PostgresConnection& connection, std::string_view table, std::span<const std::string_view> columns)
      : connection_(connection), columns_(columns.size()) {
    std::string names;
    for (size_t i = 0; i < columns.size(); ++i) names += (i > 0 ? ", " : "") + std::string(columns[i]);
    copy_ = "COPY " + std::string(table) + " (" + names + ") FROM STDIN";
    insert_ = "INSERT INTO " + std::string(table) + " (" + names + ") VALUES ";
  }
  ~PostgresBulkInsert() override {
    if (!finished_) connection_.FailLater("a bulk insert was given up before Finish");
  }
  void Row(std::span<const Value> values) override {
    if (finished_) throw std::logic_error("BulkInsert::Row after Finish");
    connection_.CheckUsable();
    if (values.size() != columns_) connection_.Fail(Describe("wrong number of values", copy_));
    connection_.CheckValues(values);
    if (++count_ <= kFewRows) {
      for (const Value& value : values) {
        few_.emplace_back();
        if (!IsNull(value)) AppendText(value, few_.back().emplace());
      }
    }
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) rows_ += '\t';
      AppendCopyValue(values[i], rows_);
    }
    rows_ += '\n';
    if (rows_.size() >= kCopyChunk) Flush();
  }
  void Finish() override {
    connection_.CheckUsable();
    if (count_ <= kFewRows && !flushed_) {
      InsertFew();
    } else if (!rows_.empty()) {
      Flush();
    }
    finished_ = true;
  }

 private:
  // In statements of eight rows and of one.
  void InsertFew() {
    std::string sql;
    size_t rows_of_sql = 0;
    for (size_t row = 0; row < count_;) {
      const size_t rows = count_ - row >= kRowsOfInsert ? kRowsOfInsert : 1;
      if (rows != rows_of_sql) sql = InsertOf(rows_of_sql = rows);
      connection_.InsertTexts(sql, std::span(few_).subspan(row * columns_, rows * columns_));
      row += rows;
    }
  }
  [[nodiscard]] std::string InsertOf(size_t rows) const {
    std::string sql = insert_;
    for (size_t i = 0; i < rows * columns_; ++i) {
      sql += i % columns_ > 0 ? ", ?" : i > 0 ? "), (?" : "(?";
      sql += std::to_string(i + 1);
    }
    return sql + ")";
  }
  void Flush() {
    connection_.Copy(copy_, rows_);
    rows_.clear();
    flushed_ = true;
  }

  PostgresConnection& connection_;
  const size_t columns_;
  std::string copy_;
  std::string insert_;
  size_t count_ = 0;
  std::vector<std::optional<std::string>> few_;  // the first rows, as texts
  std::string rows_;                             // of COPY
  bool flushed_ = false;
  bool finished_ = false;
};

PostgresConnection::PostgresConnection(const std::string& url, const Options& options) {
  // What stands in the URL wins over what is before "dbname" and loses to what is after it. Without the keepalives a
  // server whose machine is gone would be waited for until the kernel gives up, a quarter of an hour later.
  const std::array<const char*, 10> names = {"connect_timeout",
                                             "fallback_application_name",
                                             "keepalives_idle",
                                             "keepalives_interval",
                                             "keepalives_count",
                                             "tcp_user_timeout",
                                             "dbname",
                                             "client_encoding",
                                             nullptr,
                                             nullptr};
  const std::array<const char*, 10> values = {"10",    "dealpace",  "30",   "10",    "3",
                                              "30000", url.c_str(), "UTF8", nullptr, nullptr};
  handle_.reset(PQconnectdbParams(names.data(), values.data(), 1));
  if (!handle_) throw std::bad_alloc();
  if (dead()) Fail(DbError(DbError::Why::kConnection, std::string(Trim(PQerrorMessage(handle_.get())))));
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);
  const char* encoding = PQparameterStatus(handle_.get(), "server_encoding");
  if (encoding == nullptr || std::strcmp(encoding, "UTF8") != 0) {
    Fail(DbError(
        DbError::Why::kConnection,
        "the encoding of the database is " + std::string(encoding == nullptr ? "unknown" : encoding) + ", not UTF8"));
  }
  const std::string set_up =
      "SET standard_conforming_strings = on; SET bytea_output = 'hex'; SET client_min_messages = warning; "
      "SET lock_timeout = " +
      std::to_string(options.busy_timeout_ms) +
      "; SET statement_timeout = " + std::to_string(options.statement_timeout_ms) +
      "; SET idle_in_transaction_session_timeout = " + std::to_string(options.idle_timeout_ms);
  Run(set_up.c_str());
}

void PostgresConnection::FailWith(const PGresult* result, std::string_view sql) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (field == nullptr) {
    // libpq speaks, not the server.
    const DbError::Why why = dead() ? DbError::Why::kConnection : DbError::Why::kOther;
    Fail(DbError(why, std::string(Trim(PQerrorMessage(handle_.get())))));
  }
  const std::string sqlstate = field;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  // Without the DETAIL line, which quotes rows: people's names do not belong into logs.
  const std::string message = (primary == nullptr ? "" : primary) + (" (" + sqlstate + ")");
  const DbError::Why why = WhyOf(sqlstate);
  // A table has changed under a cached plan: fresh plans will do.
  plans_outdated_ = sqlstate == "0A000" && message.find("cached plan") != std::string::npos;
  may_pass_again_ = sqlstate == "40001" || sqlstate == "40P01" || plans_outdated_;
  Fail(DbError(why, Describe(message, why == DbError::Why::kOther ? sql : std::string_view())));
}

void PostgresConnection::Run(const char* sql) {
  const ResultHandle result(PQexec(handle_.get(), sql));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
    // Whatever else asks for COPY leaves the connection in the middle of it.
    if (status == PGRES_COPY_IN) PQputCopyEnd(handle_.get(), "not expected");
    char* data = nullptr;
    while (status == PGRES_COPY_OUT && PQgetCopyData(handle_.get(), &data, 0) > 0) PQfreemem(data);
    while (ResultHandle(PQgetResult(handle_.get()))) {
    }
    Fail(Describe("COPY is for Bulk only", sql));
  }
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    FailWith(result.get(), sql);
  }
}

const PostgresConnection::Statement& PostgresConnection::SendPrepare(std::string key, std::string_view sql,
                                                                     const Parameters& parameters) {
  const NumberedSql numbered = ToDollarPlaceholders(sql);
  if (static_cast<size_t>(numbered.parameters) != parameters.types.size()) {
    Fail(Describe("wrong number of values", sql));
  }
  if (MakesTemporary(sql)) made_temporary_ = true;
  if (cache_.size() >= kCachedStatements) {
    if (const auto old = cache_.TakeOldest([](const Statement&) { return true; })) {
      SendPlain(("DEALLOCATE " + old->name).c_str(), Sent::What::kOther);
    }
  }
  Statement statement{.name = "s" + std::to_string(++statements_made_), .of_transaction = made_temporary_};
  NoteSent(PQsendPrepare(handle_.get(), statement.name.c_str(), numbered.sql.c_str(),
                         static_cast<int>(parameters.types.size()), parameters.types.data()),
           Sent::What::kPrepare, sql, statement.name);
  return *cache_.Insert(std::move(key), std::move(statement));
}

void PostgresConnection::NoteSent(int sent, Sent::What what, std::string_view sql, std::string name) {
  if (sent != 1) {
    Fail(DbError(dead() ? DbError::Why::kConnection : DbError::Why::kOther,
                 std::string(Trim(PQerrorMessage(handle_.get())))));
  }
  sent_.push_back({what, std::string(sql), std::move(name)});
}

void PostgresConnection::SendPlain(const char* sql, Sent::What what) {
  NoteSent(PQsendQueryParams(handle_.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 0), what, sql);
}

void PostgresConnection::Send(std::string_view sql, const Parameters& parameters) {
  if (ToLower(sql.substr(0, 4)) == "copy") Fail(Describe("COPY is for Bulk only", sql));
  if (sent_.empty()) {
    if (begun_ && !dead() && PQtransactionStatus(handle_.get()) != PQTRANS_INTRANS) {
      Fail("a script has ended the transaction");
    }
    if (!rolling_back_) PQenterPipelineMode(handle_.get());
    if (begin_ != nullptr) {
      SendPlain(begin_, Sent::What::kBegin);
      begin_ = nullptr;
    }
  }
  std::string key = parameters.signature;
  key += sql;
  const Statement* statement = cache_.Find(key);
  if (statement == nullptr) statement = &SendPrepare(std::move(key), sql, parameters);
  NoteSent(PQsendQueryPrepared(handle_.get(), statement->name.c_str(), static_cast<int>(parameters.types.size()),
                               parameters.pointers.data(), parameters.lengths.data(), parameters.formats.data(), 0),
           Sent::What::kOther, sql);
}

ResultHandle PostgresConnection::Answers() {
  const std::vector<Sent> sent = std::exchange(sent_, {});
  PQpipelineSync(handle_.get());
  ReadRollback();
  ResultHandle last;
  ResultHandle failed;
  size_t failed_at = 0;
  size_t at = 0;  // in `sent`
  std::vector<bool> done(sent.size());
  while (true) {
    ResultHandle result(PQgetResult(handle_.get()));
    if (!result) {  // the end of one answer
      if (dead() || ++at > sent.size()) break;
      continue;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) break;
    if (status == PGRES_PIPELINE_ABORTED) continue;
    if (at < sent.size() && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)) {
      done[at] = true;
      last = std::move(result);
    } else if (!failed) {
      failed = std::move(result);
      failed_at = at;
    }
  }
  PQexitPipelineMode(handle_.get());
  for (size_t i = 0; i < sent.size(); ++i) {
    if (sent[i].what == Sent::What::kBegin && done[i]) begun_ = true;
    // What was not prepared after all must not be looked for on the server.
    if (sent[i].what == Sent::What::kPrepare && !done[i]) {
      (void)cache_.TakeOldest([&](const Statement& statement) { return statement.name == sent[i].name; });
    }
  }
  if (failed) FailWith(failed.get(), failed_at < sent.size() ? sent[failed_at].sql : std::string_view());
  if (dead() || done.empty() || !done.back()) {
    Fail(DbError(DbError::Why::kConnection, std::string(Trim(PQerrorMessage(handle_.get())))));
  }
  return last;
}

void PostgresConnection::Settle() {
  if (begin_ != nullptr) {
    AwaitRollback();
    const char* begin = std::exchange(begin_, nullptr);
    Run(begin);
    begun_ = true;
  } else if (!sent_.empty()) {
    (void)Answers();
  }
}

void PostgresConnection::Deallocate(const std::string& names) {
  const ResultHandle result(PQexec(handle_.get(), ("DEALLOCATE " + names).c_str()));
}

ResultHandle PostgresConnection::RunPrepared(std::string_view sql, std::span<const Value> values) {
  ThrowIfFailed();
  BackendConnection::CheckValues(values);
  Send(sql, Parameters(values));
  return Answers();
}

void PostgresConnection::ExecuteLaterValues(std::string_view sql, std::span<const Value> values) {
  ThrowIfFailed();
  BackendConnection::CheckValues(values);
  Send(sql, Parameters(values));
  if (sent_.size() >= kUnansweredMax) (void)Answers();
}

void PostgresConnection::InsertTexts(const std::string& sql, std::span<const std::optional<std::string>> values) {
  ThrowIfFailed();
  Send(sql, Parameters(values));
  if (sent_.size() >= kUnansweredMax) (void)Answers();
}

int64_t PostgresConnection::ExecuteValues(std::string_view sql, std::span<const Value> values) {
  const ResultHandle result = RunPrepared(sql, values);
  const std::string_view tag = PQcmdStatus(result.get());
  // SELECT counts, too, but touches nothing.
  if (!tag.starts_with("INSERT") && !tag.starts_with("UPDATE") && !tag.starts_with("DELETE")) return 0;
  return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

void PostgresConnection::ExecuteScript(std::string_view sql) {
  ThrowIfFailed();
  Settle();
  if (MakesTemporary(sql)) made_temporary_ = true;
  Run(std::string(sql).c_str());
}

BulkInsert PostgresConnection::Bulk(std::string_view table, std::span<const std::string_view> columns) {
  ThrowIfFailed();
  return BulkInsert(std::make_unique<PostgresBulkInsert>(*this, table, columns));
}

void PostgresConnection::Copy(const std::string& sql, std::string_view rows) {
  ThrowIfFailed();
  Settle();
  {
    const ResultHandle result(PQexec(handle_.get(), sql.c_str()));
    if (PQresultStatus(result.get()) != PGRES_COPY_IN) FailWith(result.get(), sql);
  }
  bool sent = PQputCopyData(handle_.get(), rows.data(), static_cast<int>(rows.size())) == 1;
  sent = PQputCopyEnd(handle_.get(), sent ? nullptr : "not sent") == 1 && sent;
  ResultHandle last;
  while (ResultHandle result{PQgetResult(handle_.get())}) {
    const bool in_copy = PQresultStatus(result.get()) == PGRES_COPY_IN;  // the end could not be sent
    if (!last || PQresultStatus(last.get()) == PGRES_COMMAND_OK) last = std::move(result);
    if (dead() || in_copy) break;
  }
  if (!sent || PQresultStatus(last.get()) != PGRES_COMMAND_OK) FailWith(last.get(), sql);
}

// Reading is not READ ONLY, since that refuses CREATE TEMP TABLE; it never commits instead. BEGIN goes out with the
// first statement.
void PostgresConnection::Begin(bool write) {
  writing_ = write;
  begun_ = may_pass_again_ = plans_outdated_ = made_temporary_ = false;
  begin_ = write ? "BEGIN ISOLATION LEVEL READ COMMITTED" : "BEGIN ISOLATION LEVEL REPEATABLE READ";
}

void PostgresConnection::Commit() {
  if (begin_ != nullptr) {  // nothing was done
    begin_ = nullptr;
    return;
  }
  // A COMMIT goes out together with what was sent before, but never with the BEGIN itself: where the connection breaks
  // it must be known that nothing can have been committed, because then the work is run again.
  if (made_temporary_ || !begun_) Settle();
  if (made_temporary_) Run("DISCARD TEMP");
  ResultHandle result;
  if (sent_.empty()) {
    // The server takes a COMMIT that comes too late with a mere warning, and rolls back a failed transaction on COMMIT.
    if (!dead() && PQtransactionStatus(handle_.get()) != PQTRANS_INTRANS) Fail("a script has ended the transaction");
    result.reset(PQexec(handle_.get(), "COMMIT"));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) FailWith(result.get(), "COMMIT");
  } else {
    SendPlain("COMMIT", Sent::What::kOther);
    result = Answers();
  }
  if (std::strcmp(PQcmdStatus(result.get()), "COMMIT") != 0) Fail("the database has rolled back the transaction");
  EndTransaction();
}

void PostgresConnection::Rollback() noexcept {
  begin_ = nullptr;
  if (!sent_.empty() || (PQpipelineStatus(handle_.get()) != PQ_PIPELINE_OFF && !rolling_back_)) {
    try {
      (void)Answers();
    } catch (const DbError&) {
      // It is undone anyway.
    }
  }
  const bool plain = !plans_outdated_ && !made_temporary_;
  if (rolling_back_) {
    // Nothing was done since the last one.
  } else if (!dead() && plain && PQtransactionStatus(handle_.get()) == PQTRANS_INTRANS) {
    PQenterPipelineMode(handle_.get());
    rolling_back_ = PQsendQueryParams(handle_.get(), "ROLLBACK", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1 &&
                    PQpipelineSync(handle_.get()) == 1;
  } else if (!dead() && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) {
    const ResultHandle result(PQexec(handle_.get(), "ROLLBACK"));
  }
  if (!dead() && !plain) EndTransaction();
  failure_.reset();
}

void PostgresConnection::ReadRollback() noexcept {
  if (!std::exchange(rolling_back_, false)) return;
  while (true) {
    const ResultHandle result(PQgetResult(handle_.get()));
    if (result ? PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC : dead()) return;
  }
}

void PostgresConnection::AwaitRollback() noexcept {
  if (!rolling_back_) return;
  ReadRollback();
  PQexitPipelineMode(handle_.get());
}

void PostgresConnection::EndTransaction() {
  if (plans_outdated_) {
    Deallocate("ALL");
    cache_.Clear();
  } else if (made_temporary_) {
    while (const auto statement = cache_.TakeOldest([](const Statement& s) { return s.of_transaction; })) {
      Deallocate(statement->name);
    }
  }
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(std::string url, std::string place, const Options& options)
      : url_(std::move(url)), place_(std::move(place)), options_(options) {
    idle_.push_back(std::make_unique<PostgresConnection>(url_, options_));
    open_ = 1;
  }

  [[nodiscard]] Kind kind() const override { return Kind::kPostgres; }

 protected:
  Status RunRaw(const Work& work, bool write) override {
    std::optional<WriteScope> scope;
    if (write) scope.emplace(this);
    for (int attempt = 1;; ++attempt) {
      try {
        Loan loan(*this);
        PostgresConnection& connection = loan.connection();
        Status status = RunTransaction(connection, work, write, place_);
        if (status.ok()) return status;
        if (!connection.begun() && connection.dead()) {
          // The server was restarted while the connection lay idle; then the others are as dead. A new one is made, or
          // cannot be, which ends this.
          DropIdle();
          if (attempt < kAttempts) continue;
        }
        if (!connection.may_pass_again() || attempt >= kAttempts) return status;
      } catch (const DbError& error) {
        return ToError(error, place_);
      }
      Pause(attempt);
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  // A connection taken from the pool: a free one, a new one, or the next that comes back.
  class Loan {
   public:
    explicit Loan(PostgresDatabase& database) : database_(database) {
      std::unique_lock lock(database.mutex_);
      const int most = database.options_.connections > 0 ? database.options_.connections
                                                         : std::max(1, database.options_.readers) + 4;
      database.free_.wait(lock, [&] { return !database.idle_.empty() || database.open_ < most; });
      if (!database.idle_.empty()) {
        connection_ = std::move(database.idle_.back());
        database.idle_.pop_back();
        return;
      }
      ++database.open_;
      lock.unlock();
      try {
        connection_ = database.Connect();
      } catch (...) {
        GiveBack();
        throw;
      }
    }
    ~Loan() {
      if (!connection_->idle()) connection_.reset();
      GiveBack();
    }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    [[nodiscard]] PostgresConnection& connection() const { return *connection_; }

   private:
    void GiveBack() {
      const std::lock_guard lock(database_.mutex_);
      if (connection_) {
        database_.idle_.push_back(std::move(connection_));
      } else {
        --database_.open_;
      }
      database_.free_.notify_one();
    }

    PostgresDatabase& database_;
    std::unique_ptr<PostgresConnection> connection_;
  };

  // A new connection. While the server is away, one thread at a time looks whether it is back, at growing intervals of
  // up to two seconds; the others learn at once what it found. Who comes when the server has only just gone waits for a
  // moment: a restart takes no longer.
  std::unique_ptr<PostgresConnection> Connect() {
    while (true) {
      Clock::time_point wake;
      {
        const std::lock_guard lock(away_mutex_);
        if (!away_) break;
        const Clock::time_point now = Clock::now();
        if (now >= away_->next_try) {
          away_->next_try = now + kPauseMax;  // for the others, until this try is known
          break;
        }
        if (now >= away_->since + std::chrono::milliseconds(options_.reconnect_ms)) throw DbError(away_->error);
        wake = away_->next_try;
      }
      std::this_thread::sleep_until(wake);
    }
    try {
      auto connection = std::make_unique<PostgresConnection>(url_, options_);
      const std::lock_guard lock(away_mutex_);
      away_.reset();
      return connection;
    } catch (const DbError& error) {
      bool patient = false;
      {
        const std::lock_guard lock(away_mutex_);
        const Clock::time_point now = Clock::now();
        if (!away_) away_ = Away{now, now, kPauseFirst, error};
        away_->error = error;
        away_->next_try = now + away_->pause;
        away_->pause = std::min<Clock::duration>(away_->pause * 2, kPauseMax);
        patient = now < away_->since + std::chrono::milliseconds(options_.reconnect_ms);
      }
      if (!patient) throw;
    }
    return Connect();
  }

  void DropIdle() {
    const std::lock_guard lock(mutex_);
    open_ -= static_cast<int>(idle_.size());
    idle_.clear();
    free_.notify_all();
  }

  // Two that collided should not meet again.
  static void Pause(int attempt) {
    thread_local std::minstd_rand random(std::random_device{}());
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution<>(1, 20 * attempt)(random)));
  }

  const std::string url_;
  const std::string place_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  int open_ = 0;  // idle or at work

  // Since when the server cannot be reached, and when somebody looks again.
  struct Away {
    Clock::time_point since;
    Clock::time_point next_try;
    Clock::duration pause;
    DbError error;
  };
  std::mutex away_mutex_;
  std::optional<Away> away_;
};

// The URL without user and password.
std::string PlaceOf(PQconninfoOption* options) {
  std::string host;
  std::string port;
  std::string name;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "host") host = option->val;
    if (keyword == "port") port = ":" + std::string(option->val);
    if (keyword == "dbname") name = "/" + std::string(option->val);
  }
  return "postgres://" + host + port + name;
}

}  // namespace

NumberedSql ToDollarPlaceholders(std::string_view sql) {
  NumberedSql result;
  result.sql.reserve(sql.size());
  // Copies what ends with `end`, from its beginning of `skip` characters on.
  size_t at = 0;
  const auto copy_past = [&](std::string_view end, size_t skip) {
    const size_t found = sql.find(end, at + skip);
    const size_t next = found == std::string_view::npos ? sql.size() : found + end.size();
    result.sql += sql.substr(at, next - at);
    at = next;
  };
  while (at < sql.size()) {
    const char c = sql[at];
    const std::string_view rest = sql.substr(at);
    if (c == '\'') {
      copy_past("'", 1);  // a doubled quote opens the next literal at once
    } else if (c == '"') {
      copy_past("\"", 1);
    } else if (rest.starts_with("--")) {
      copy_past("\n", 2);
    } else if (rest.starts_with("/*")) {
      copy_past("*/", 2);
    } else if (c == '?' && rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9') {
      int number = 0;
      const char* end = std::from_chars(rest.data() + 1, rest.data() + rest.size(), number).ptr;
      result.sql += '$';
      result.sql += rest.substr(1, static_cast<size_t>(end - rest.data()) - 1);
      result.parameters = std::max(result.parameters, number);
      at += static_cast<size_t>(end - rest.data());
      // "?1AND" is legal SQL for SQLite; PostgreSQL reads "$1AND" with a warning or not at all.
      if (at < sql.size() && IsName(sql[at])) result.sql += ' ';
    } else {
      result.sql += c;
      ++at;
    }
  }
  return result;
}

Result<std::unique_ptr<Database>> OpenPostgres(std::string_view url, const Options& options) {
  const std::string text(url);
  char* wrong = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parts(PQconninfoParse(text.c_str(), &wrong));
  if (!parts) {
    // libpq quotes the part that it cannot read, which may be the password.
    PQfreemem(wrong);
    return Error("database_unreachable").With("path", "postgres://…").With("detail", "the address cannot be read");
  }
  const std::string place = PlaceOf(parts.get());
  try {
    return std::unique_ptr<Database>(std::make_unique<PostgresDatabase>(text, place, options));
  } catch (const DbError& error) {
    return ToError(error, place);
  }
}

}  // namespace dealpace::db
