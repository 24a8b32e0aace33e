// Strand: runs what is posted to it on the workers, one task after the other, in the order of the posts. Any number of
// strands share the workers, and a task that does not return holds up its own strand alone.
//
// Asio's strands do not do for this. Those of an io_context share 193 queues, so a blocked one holds up others by
// chance (asio 1.22.1, detail/impl/strand_service.ipp). Those of an executor allocate when a task has ended, and a
// failure there would end the thread. Here the next task then follows at once.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/io_context.hpp>
#include <memory>
#include <utility>

#include "base/mutex.h"

namespace blazedb::link {

// A copy is a handle of the same strand. Thread-safe.
class Strand {
 public:
  // The threads that run `workers` run the tasks. It must outlive them.
  explicit Strand(asio::io_context& workers) : queue_(std::make_shared<Queue>(workers)) {}

  // What `body` throws is ignored. If post() throws for want of memory, `body` is not run.
  template <class Body>
  void post(Body body) const {
    queue_->post(std::make_unique<Of<Body>>(std::move(body)));
  }

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void run() = 0;
    std::unique_ptr<Task> next;
  };
  template <class Body>
  struct Of final : Task {
    explicit Of(Body given) : body(std::move(given)) {}
    void run() override { body(); }
    Body body;
  };

  // A queue with tasks has one call of runNext() on its way to the workers, or running. It runs one task, and another
  // call follows for the next, so that other strands have their turn in between.
  class Queue : public std::enable_shared_from_this<Queue> {
   public:
    explicit Queue(asio::io_context& workers) : workers_(workers) {}
    ~Queue();
    void post(std::unique_ptr<Task> task);

   private:
    void runNext();
    void withdrawFirst();
    std::unique_ptr<Task> takeFirst() REQUIRES(mutex_);

    asio::io_context& workers_;
    base::Mutex mutex_;
    std::unique_ptr<Task> first_ GUARDED_BY(mutex_);
    Task* last_ GUARDED_BY(mutex_) = nullptr;
    bool called_ GUARDED_BY(mutex_) = false;
  };

  std::shared_ptr<Queue> queue_;  // shared with the calls on their way
};

}  // namespace blazedb::link
