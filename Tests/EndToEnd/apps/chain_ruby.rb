# A Ruby server that calls another one, in the way its path asks for:
# /same  on a connection of its own     /keep  on one that the thread keeps     /none  nobody
# ruby chain_ruby.rb --port N --upstream PORT [--call PATH] [--certificate FILE --key FILE] [--trust FILE] --log FILE
# PATH is what it asks the other one for, before /r/ID. With a certificate it serves HTTPS; with one to trust it calls
# so.
require 'net/http'
require 'webrick'
require 'webrick/https'

option = ARGV.each_slice(2).to_h { |name, value| [name.delete_prefix('--').to_sym, value] }

connect = lambda do
  connection = Net::HTTP.new('127.0.0.1', option[:upstream].to_i)
  if option[:trust]
    connection.use_ssl = true
    connection.ca_file = option[:trust]
  end
  connection.start
end

call = lambda do |connection, identity|
  connection.get("#{option.fetch(:call, '/up')}/r/#{identity}").code.to_i
end

served = { Port: option[:port].to_i, BindAddress: '127.0.0.1', AccessLog: [], Logger: WEBrick::Log.new($stderr) }
if option[:certificate]
  served[:SSLEnable] = true
  served[:SSLCertificate] = OpenSSL::X509::Certificate.new(File.read(option[:certificate]))
  served[:SSLPrivateKey] = OpenSSL::PKey.read(File.read(option[:key]))
end
server = WEBrick::HTTPServer.new(served)
server.mount_proc('/') do |request, response|
  identity = request.path[%r{/r/([^/?]+)}, 1]
  response.status =
    case request.path.split('/')[1]
    when 'same'
      connection = connect.call
      begin
        call.call(connection, identity)
      ensure
        connection.finish
      end
    when 'keep' then call.call(Thread.current[:kept] ||= connect.call, identity)
    else 200
    end
  response.body = "ok\n"
end
trap('TERM') { server.shutdown }
server.start
