#include "apps/service/local_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/definition/error.hpp"

namespace liftmark::service {
namespace {

constexpr std::size_t kMostBytes = 1u << 20;  ///< of arguments
constexpr std::size_t kPassed = 4;            ///< standard input, output, error; working folder

class File {
 public:
  explicit File(int file = -1) : file_(file) {}
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return file_; }
  void take(int file) noexcept { file_ = file; }

 private:
  int file_;
};

/// The address of a socket file; long paths go through their folder, because an address holds 107 bytes.
struct Address {
  explicit Address(const std::filesystem::path& path)
      : folder(::open(path.parent_path().empty() ? "." : path.parent_path().c_str(),
                      O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    address.sun_family = AF_UNIX;
    const std::string text = fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().string());
    fits = folder.get() >= 0 && text.size() < sizeof address.sun_path;
    if (fits) std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address); }
  File folder;
  sockaddr_un address{};
  bool fits = false;
};

bool send_all(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(to, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int from, char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(from, data, size, 0);
    if (got <= 0) return false;
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

/// The size of what follows, with files beside it.
bool send_size(int to, std::uint32_t size, const std::array<int, kPassed>& files) {
  iovec bytes{&size, sizeof size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof files)]{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(header), files.data(), sizeof files);
  return ::sendmsg(to, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof size);
}

bool receive_size(int from, std::uint32_t& size, std::array<File, kPassed>& files) {
  iovec bytes{&size, sizeof size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kPassed)]{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(from, &message, MSG_CMSG_CLOEXEC) != static_cast<ssize_t>(sizeof size)) return false;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof(int) * kPassed))
    return false;
  std::array<int, kPassed> numbers{};
  std::memcpy(numbers.data(), CMSG_DATA(header), sizeof numbers);
  for (std::size_t i = 0; i < kPassed; ++i) files[i].take(numbers[i]);
  return size <= kMostBytes;
}

bool is_trusted(int client) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == ::geteuid() || peer.uid == 0);
}

/// The caller's standard streams instead of the process's, which nothing else of a service writes to while a
/// command runs but warnings; and the caller's folder, for this thread only.
class Borrowed {
 public:
  explicit Borrowed(const std::array<File, kPassed>& files)
      : folder_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    std::fflush(stdout);
    for (int i = 0; i < 3; ++i) {
      own_[static_cast<std::size_t>(i)].take(::fcntl(i, F_DUPFD_CLOEXEC, 3));
      ::dup2(files[static_cast<std::size_t>(i)].get(), i);
    }
    [[maybe_unused]] const int moved = ::fchdir(files[3].get());
  }
  ~Borrowed() {
    std::fflush(stdout);
    std::fflush(stderr);
    for (int i = 0; i < 3; ++i) ::dup2(own_[static_cast<std::size_t>(i)].get(), i);
    [[maybe_unused]] const int moved = ::fchdir(folder_.get());
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

 private:
  std::array<File, 3> own_;
  File folder_;
};

thread_local LocalSocket* socket_of_thread = nullptr;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\0', begin);
    words.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return words;
}

}  // namespace

std::filesystem::path local_socket_path(const std::filesystem::path& store) {
  return std::filesystem::absolute(store).string() + ".sock";
}

LocalSocket::LocalSocket(const std::filesystem::path& store, Command command)
    : path_(local_socket_path(store)), command_(std::move(command)) {
  const Address address(path_);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Whoever made an old one is gone: this process holds the writer's lock.
  ::unlink(path_.c_str());
  const mode_t before = ::umask(0177);
  const bool bound = address.fits && listener_ >= 0 &&
                     ::bind(listener_, address.get(), sizeof address.address) == 0 &&
                     ::listen(listener_, 16) == 0;
  ::umask(before);
  if (!bound)
    throw Error(ErrorCode::storage, path_.string(), std::string("cannot listen: ") + std::strerror(errno),
                "the folder of the store must be writable");
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

LocalSocket::~LocalSocket() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
  thread_.join();
  ::unlink(path_.c_str());
  ::close(listener_);
  ::close(stop_);
}

void LocalSocket::run() {
  ::unshare(CLONE_FS);  // a working folder of its own
  socket_of_thread = this;
  while (!stopping()) serve_next(-1);
}

bool LocalSocket::stopping() const {
  pollfd stop{stop_, POLLIN, 0};
  return ::poll(&stop, 1, 0) > 0;
}

/// Carries out a command if one comes within `timeout` milliseconds (-1: any time, or until the end).
void LocalSocket::serve_next(int timeout) {
  std::array<pollfd, 2> waited{pollfd{stop_, POLLIN, 0}, pollfd{listener_, POLLIN, 0}};
  if (::poll(waited.data(), waited.size(), timeout) <= 0 || waited[1].revents == 0) return;
  const File client(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
  if (client.get() >= 0 && is_trusted(client.get())) serve(client.get());
}

void give_way() {
  constexpr int kDeepest = 4;
  LocalSocket* const socket = socket_of_thread;
  if (socket == nullptr) return;
  if (socket->stopping())
    throw Error(ErrorCode::storage, socket->path_.string(), "the service is ending",
                "what was recorded stays; run the same command again for the rest");
  if (socket->depth_ < kDeepest) socket->serve_next(0);
}

void LocalSocket::serve(int client) {
  const timeval patience{5, 0};
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::array<File, kPassed> files;
  std::uint32_t size = 0;
  if (!receive_size(client, size, files)) return;
  std::string text(size, '\0');
  if (!receive_all(client, text.data(), text.size())) return;
  std::int32_t code = 70;
  {
    const Borrowed borrowed(files);
    ++depth_;
    code = command_(split(text));
    --depth_;
  }
  send_all(client, reinterpret_cast<const char*>(&code), sizeof code);
}

std::optional<int> forward_command(const std::filesystem::path& store,
                                   const std::vector<std::string>& arguments) {
  const Address address(local_socket_path(store));
  const File server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!address.fits || ::connect(server.get(), address.get(), sizeof address.address) != 0)
    return std::nullopt;
  std::string text;
  for (const std::string& word : arguments) text.append(word).push_back('\0');
  const File folder(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::int32_t code = 70;
  if (!send_size(server.get(), static_cast<std::uint32_t>(text.size()), {0, 1, 2, folder.get()}) ||
      !send_all(server.get(), text.data(), text.size()) ||
      !receive_all(server.get(), reinterpret_cast<char*>(&code), sizeof code))
    throw Error(ErrorCode::storage, local_socket_path(store).string(),
                "the service did not carry out the command", "is it ending? try again");
  return code;
}

}  // namespace liftmark::service
