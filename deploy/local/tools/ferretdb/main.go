// Command ferretdb serves the MongoDB wire protocol on one address from SQLite files in one folder.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/url"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:27017", "address to listen on")
	dir := flag.String("dir", "", "folder of the SQLite files, must exist")
	flag.Parse()
	if *dir == "" {
		log.Fatal("ferretdb: -dir is required")
	}
	if err := serve(*listen, *dir); err != nil {
		log.Fatalf("ferretdb: %v", err)
	}
}

func serve(address, dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/",
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		inner, err := url.Parse(server.MongoDBURI())
		if err != nil {
			log.Fatalf("ferretdb: %v", err)
		}
		oneWriteAtATime(ctx, listener, inner.Host)
	}()

	if err := server.Run(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}
