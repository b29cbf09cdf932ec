// Package xsync stands in for the profiler's package of that name: a value behind a lock.
package xsync

import "sync"

type RWMutex[T any] struct {
	lock  sync.RWMutex
	value T
}

func NewRWMutex[T any](value T) RWMutex[T] { return RWMutex[T]{value: value} }

func (m *RWMutex[T]) WLock() *T {
	m.lock.Lock()
	return &m.value
}

func (m *RWMutex[T]) WUnlock(value **T) {
	*value = nil
	m.lock.Unlock()
}
