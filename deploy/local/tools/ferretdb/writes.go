package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log"
	"net"
	"sync"
)

const (
	headerBytes     = 16
	maxMessageBytes = 48_000_000 // maxMessageSizeBytes of the wire protocol
	opMsg           = 2013
	moreToCome      = 1 << 1
)

// What MongoDB does atomically for one document. FerretDB finds, changes and stores in separate steps on SQLite, so of two
// such commands at the same moment one can undo the other.
var writeCommands = map[string]bool{"insert": true, "update": true, "delete": true, "findAndModify": true}

// oneWriteAtATime passes each connection on to the server, but only one write command at a time over all of them.
func oneWriteAtATime(ctx context.Context, listener net.Listener, inner string) {
	context.AfterFunc(ctx, func() { listener.Close() })
	var writing sync.Mutex
	for {
		client, err := listener.Accept()
		if err != nil {
			if ctx.Err() == nil {
				log.Fatalf("ferretdb: %v", err)
			}
			return
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", inner)
			if err != nil {
				return
			}
			defer server.Close()
			for passOn(client, server, &writing) == nil {
			}
		}()
	}
}

// passOn handles one request of the client and the answer to it.
func passOn(client, server net.Conn, writing *sync.Mutex) error {
	request, err := readMessage(client)
	if err != nil {
		return err
	}
	answer, err := ask(server, request, writing)
	if err != nil || answer == nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

func ask(server net.Conn, request []byte, writing *sync.Mutex) ([]byte, error) {
	command, answered := inspect(request)
	if writeCommands[command] {
		writing.Lock()
		defer writing.Unlock()
	}
	if _, err := server.Write(request); err != nil || !answered {
		return nil, err
	}
	return readMessage(server)
}

func readMessage(from io.Reader) ([]byte, error) {
	header := make([]byte, headerBytes)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header)
	if length < headerBytes || length > maxMessageBytes {
		return nil, io.ErrUnexpectedEOF
	}
	message := make([]byte, length)
	copy(message, header)
	_, err := io.ReadFull(from, message[headerBytes:])
	return message, err
}

// inspect tells the name of the command of a request, "" for one that is not an OP_MSG, and whether it is answered.
func inspect(request []byte) (command string, answered bool) {
	// header, flags, kind of the first section, length of its document, type of its first element, its name
	const flagsAt, nameAt = headerBytes, headerBytes + 4 + 1 + 4 + 1
	if binary.LittleEndian.Uint32(request[12:]) != opMsg || len(request) < nameAt {
		return "", true
	}
	answered = binary.LittleEndian.Uint32(request[flagsAt:])&moreToCome == 0
	if name, _, found := bytes.Cut(request[nameAt:], []byte{0}); found {
		command = string(name)
	}
	return command, answered
}
