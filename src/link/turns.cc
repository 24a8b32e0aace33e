#include "link/turns.h"

namespace blazedb::link {

bool Turns::take(Place& place) {
  base::Lock lock(mutex_);
  if (place.state_ != Place::State::none) return place.state_ == Place::State::has;
  if (taken_ == kAtOnce) {
    append(place);
    return false;
  }
  taken_++;
  place.state_ = Place::State::has;
  busy_(1);
  return true;
}

void Turns::leave(Place& place) {
  base::Lock lock(mutex_);
  Place::State state = std::exchange(place.state_, Place::State::none);
  if (state == Place::State::waits) remove(place);
  if (state != Place::State::has) return;
  if (Place* next = first_) {
    remove(*next);
    next->state_ = Place::State::has;
    next->came_();
    return;
  }
  taken_--;
  busy_(-1);
}

void Turns::append(Place& place) {
  place.state_ = Place::State::waits;
  (last_ ? last_->next_ : first_) = &place;
  last_ = &place;
}

void Turns::remove(Place& place) {
  Place* before = nullptr;
  for (Place* each = first_; each != &place; each = each->next_) before = each;
  (before ? before->next_ : first_) = place.next_;
  if (last_ == &place) last_ = before;
  place.next_ = nullptr;
}

}  // namespace blazedb::link
