#include "http/certificate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace dealpace::http {
namespace {

constexpr long kDay = 24L * 60 * 60;
constexpr long kDays = 825;  // the longest that Apple's systems take

template <auto Free>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using Memory = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;

std::string OpenSslProblem() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

Error Unusable(const std::string& file, const std::string& detail) {
  return Error("certificate_unusable").With("file", file).With("detail", detail);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Both files are there, belong together, and hold for another day.
bool StillGood(const CertificateFiles& files) {
  const std::string certificate_text = ReadFile(files.certificate);
  const std::string key_text = ReadFile(files.key);
  if (certificate_text.empty() || key_text.empty()) return false;
  const Memory certificate_memory(BIO_new_mem_buf(certificate_text.data(), static_cast<int>(certificate_text.size())));
  const Memory key_memory(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
  const Certificate certificate(PEM_read_bio_X509(certificate_memory.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(key_memory.get(), nullptr, nullptr, nullptr));
  const bool whole =
      certificate != nullptr && key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!whole) return false;
  std::time_t tomorrow = std::time(nullptr) + kDay;
  std::time_t now = std::time(nullptr);
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &tomorrow) > 0 &&
         X509_cmp_time(X509_get0_notBefore(certificate.get()), &now) < 0;
}

// "DNS:localhost,IP:127.0.0.1,…"
std::string NamesOfThisMachine(std::string& host) {
  std::set<std::string> names = {"DNS:localhost", "IP:127.0.0.1", "IP:::1"};
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) host = name.data();
  const bool plain =
      host.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  if (host.empty() || !plain || host.size() > 63) host = "localhost";
  names.insert("DNS:" + host);
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) == 0) {
    for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
      if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0) continue;
      std::array<char, INET6_ADDRSTRLEN> text{};
      if (at->ifa_addr->sa_family == AF_INET) {
        const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
        inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
      } else if (at->ifa_addr->sa_family == AF_INET6) {
        const auto* address = reinterpret_cast<const sockaddr_in6*>(at->ifa_addr);
        if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) continue;
        inet_ntop(AF_INET6, &address->sin6_addr, text.data(), text.size());
      } else {
        continue;
      }
      names.insert(std::string("IP:") + text.data());
    }
    freeifaddrs(list);
  }
  std::string joined;
  for (const std::string& each : names) joined += (joined.empty() ? "" : ",") + each;
  return joined;
}

bool AddExtension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Certificate Make(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  X509* made = certificate.get();
  if (made == nullptr) return nullptr;
  std::string host;
  const std::string names = NamesOfThisMachine(host);
  using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
  const Number serial(BN_new());
  bool good = serial != nullptr && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(made)) != nullptr;
  X509_NAME* name = X509_get_subject_name(made);
  const auto* subject = reinterpret_cast<const unsigned char*>(host.c_str());
  good = good && X509_set_version(made, 2) == 1 && X509_gmtime_adj(X509_getm_notBefore(made), -60 * 60) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(made), kDays * kDay - 60 * 60) != nullptr &&
         X509_set_pubkey(made, key) == 1 &&
         X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("Dealpace"), -1, -1,
                                    0) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, subject, -1, -1, 0) == 1 &&
         X509_set_issuer_name(made, name) == 1 && AddExtension(made, NID_subject_alt_name, names) &&
         AddExtension(made, NID_basic_constraints, "critical,CA:FALSE") &&
         AddExtension(made, NID_key_usage, "critical,digitalSignature") &&
         AddExtension(made, NID_ext_key_usage, "serverAuth") && X509_sign(made, key, EVP_sha256()) > 0;
  return good ? std::move(certificate) : nullptr;
}

std::string TextOf(BIO* memory) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(length)};
}

// Puts a file in place as a whole, with these rights from the start.
Status WriteFile(const std::string& path, const std::string& text, mode_t rights) {
  const std::string part = path + ".part";
  unlink(part.c_str());
  const int file = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, rights);
  if (file < 0) return Unusable(path, std::strerror(errno));
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const int problem = errno;
  close(file);
  if (!written) return Unusable(path, std::strerror(problem));
  if (std::rename(part.c_str(), path.c_str()) != 0) return Unusable(path, std::strerror(errno));
  return {};
}

}  // namespace

Result<CertificateFiles> FindOrMakeCertificate(const std::string& folder) {
  const CertificateFiles files{folder + "/tls-certificate.pem", folder + "/tls-key.pem"};
  if (StillGood(files)) return files;
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) return Unusable(files.certificate, problem.message());
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Unusable(files.key, OpenSslProblem());
  const Certificate certificate = Make(key.get());
  if (certificate == nullptr) return Unusable(files.certificate, OpenSslProblem());
  const Memory key_text(BIO_new(BIO_s_mem()));
  const Memory certificate_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    return Unusable(files.certificate, OpenSslProblem());
  }
  RETURN_IF_ERROR(WriteFile(files.key, TextOf(key_text.get()), 0600));
  RETURN_IF_ERROR(WriteFile(files.certificate, TextOf(certificate_text.get()), 0644));
  return files;
}

}  // namespace dealpace::http
