#include "aws/credential_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "aws/credentials_json.h"
#include "aws/source_support.h"
#include "base/text.h"

extern char** environ;

namespace sluice::aws {

namespace {

constexpr std::size_t kMaxOutput = 1 << 20;
constexpr std::string_view kCredentialProcess = "credential_process";

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A pipe of which the child gets the writing end.
struct Pipe {
  int read_end = -1;
  int write_end = -1;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
};

int spawn(std::vector<std::string>& words, const Pipe& out, const Pipe& err, pid_t& pid) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, STDERR_FILENO);
  // A group of its own, so that what it starts ends with it; and signals as a program expects them, whatever this
  // process blocks.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

constexpr std::int64_t kLookAtProcessMs = 10;

void take(Pipe& pipe, std::string& text) {
  char chunk[4096];
  const ssize_t n = ::read(pipe.read_end, chunk, sizeof chunk);
  if (n > 0) {
    text.append(chunk, static_cast<std::size_t>(n));
  } else if (n == 0 || errno != EINTR) {
    pipe.close_end(pipe.read_end);
  }
}

// Takes what is there within so long. True: there was something, or an end was closed.
bool take_both(Pipe& out, Pipe& err, std::string& out_text, std::string& err_text, std::int64_t for_ms) {
  std::array<pollfd, 2> ends = {{{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}}};
  if (::poll(ends.data(), ends.size(), static_cast<int>(for_ms)) <= 0) return false;
  if (out.read_end >= 0 && ends[0].revents != 0) take(out, out_text);
  if (err.read_end >= 0 && ends[1].revents != 0) take(err, err_text);
  return true;
}

// Whether it has ended; it stays a zombie, so that its number, and that of its group, are nobody else's.
bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

// Reads until the process itself has ended, whatever holds its output open, and all that it wrote is read. False when
// the time or the size ran out.
bool read_all(pid_t pid, Pipe& out, Pipe& err, std::int64_t deadline_ms, std::string& out_text, std::string& err_text) {
  for (;;) {
    const bool ended = has_ended(pid);
    const bool took = take_both(out, err, out_text, err_text, ended ? 0 : kLookAtProcessMs);
    if (out_text.size() > kMaxOutput || err_text.size() > kMaxOutput) return false;
    if (ended && (!took || (out.read_end < 0 && err.read_end < 0))) return true;
    if (steady_ms() >= deadline_ms) return false;
  }
}

// Ends it and all that it started and left behind, and takes its status.
int finish(pid_t pid) {
  ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return 0;  // already reaped elsewhere: its output decides
  return status;
}

std::string first_line(std::string_view text) {
  std::string line(text.substr(0, std::min<std::size_t>(text.find('\n'), 300)));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return line;
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool has_next = i + 1 < command.size();
    if (quote == 0 && (c == ' ' || c == '\t')) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      in_word = true;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && has_next &&
               (quote == 0 || (quote == '"' && (command[i + 1] == '"' || command[i + 1] == '\\')))) {
      word += command[++i];
      in_word = true;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return fail("credential_process has a quote that is not closed.");
  if (in_word) words.push_back(std::move(word));
  if (words.empty() || words[0].empty()) return fail("credential_process names no program.");
  return words;
}

CredentialsResult<Credentials> credentials_of_process(const std::string& command, std::int64_t timeout_ms) {
  Result<std::vector<std::string>> words = split_command(command);
  if (!words) return invalid_setting(words.error().message);
  const std::string program = (*words)[0];
  Pipe out;
  Pipe err;
  pid_t pid = 0;
  if (!out.open() || !err.open()) return invalid_setting("credential_process: no file descriptors are left.");
  if (const int error = spawn(*words, out, err, pid); error != 0) {
    return invalid_setting("credential_process could not start '" + program +
                           "': " + std::generic_category().message(error) + ".");
  }
  out.close_end(out.write_end);
  err.close_end(err.write_end);
  const std::int64_t deadline_ms = steady_ms() + timeout_ms;
  std::string out_text;
  std::string err_text;
  const bool in_time = read_all(pid, out, err, deadline_ms, out_text, err_text);
  const int status = finish(pid);
  if (!in_time) {
    return tl::unexpected(CredentialsError{CredentialsError::Kind::unreachable, "",
                                           "credential_process '" + program + "' did not finish within " +
                                               human_duration_ms(timeout_ms) +
                                               " (or printed more than 1 MiB) and was stopped.",
                                           ""});
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const std::string how = WIFEXITED(status) ? "ended with status " + std::to_string(WEXITSTATUS(status))
                                              : "was ended by signal " + std::to_string(WTERMSIG(status));
    return tl::unexpected(CredentialsError{
        CredentialsError::Kind::unreachable, "",
        "credential_process '" + program + "' " + how + (err_text.empty() ? "." : ": " + first_line(err_text)), ""});
  }
  CredentialsResult<Credentials> credentials = credentials_of_json(out_text, kCredentialProcess, 0);
  if (credentials) credentials->source = "credential_process " + program;
  return credentials;
}

}  // namespace sluice::aws
