var me,cs,$u,Yt,Dl,Oo,fs,Do,ps,Fl,Rl,Du,lo=Symbol.for("pv"),No={},zo=[],Ru=/^m(i|n|o|s|text|space)$/,Ol=Array.isArray,Nl=zo.slice,fn=Object.assign;function cn(e){e&&e.parentNode&&e.remove()}function x(e,t,n){var o,l,r,s={},a=arguments.length;for(r in t)r=="key"?o=t[r]:r=="ref"&&typeof e!="function"?l=t[r]:s[r]=t[r];return a>2&&(s.children=a>3?Nl.call(arguments,2):n),oo(e,s,o,l,null)}function oo(e,t,n,o,l){var r={type:e,props:t,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:lo,__v:l||++cs,__i:-1,__u:0};return!l&&me.vnode&&me.vnode(r),r}function Io(e){return e.children}function Ro(e,t){this.props=e,this.context=t,this.__g=0}function Kt(e,t){if(t==null)return e.__&&Kt(e.__,e.__i+1);for(var n;t<e.__k.length;t++)if((n=e.__k[t])&&n.__e)return n.__e;return typeof e.type!="function"||e.props.__P?null:Kt(e)}function Fu(e){var t,n=e.__v,o=n.__e,l=[],r=[],s=e.__P;s&&((t=fn({constructor:lo},n)).__v=n.__v+1,me.vnode&&me.vnode(t),zl(s,t,n,e.__n,s.namespaceURI,32&n.__u?[o]:null,l,o||Kt(n),32&n.__u,r),t.__v=n.__v,t.__.__k[t.__i]=t,ws(l,t,r),n.__=n.__e=null,t.__e!=o&&ds(t))}function ds(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),ds(e)}function as(e){(8&e.__g||(e.__g|=8,Yt.push(e),Oo++))&&Dl==me.debounceRendering||((Dl=me.debounceRendering)||queueMicrotask)(hs)}function hs(){try{for(var e,t=1;Yt.length;)Yt.length>t&&Yt.sort(fs),e=Yt.shift(),t=Yt.length,8&e.__g&&Fu(e)}finally{(Oo=Yt.length)&&(Dl||queueMicrotask)(hs)}}function ms(e,t,n,o,l,r,s,a,c,p,h){var m,_,w,k,E,T,C=o.__k||zo,b=t.length;for(c=Ou(n,t,C,c,b),m=0;m<b;m++)(w=n.__k[m])!=null&&(_=~w.__i&&C[w.__i]||No,w.__i=m,T=zl(e,w,_,l,r,s,a,c,p,h),k=w.__e,(_.ref!=w.ref||8&_.__u)&&(_.ref&&Il(_.ref,null,w,_),w.ref&&h.push(w.ref,w.__c||k,w)),E=E||k,4&w.__u?(c=gs(w,c,e,!_.__v),_.__e&&(_.__e=null)):typeof w.type=="function"&&T!==void 0?c=T:k&&(c=k.nextSibling),w.__u&=-21);return n.__e=E,c}function Ou(e,t,n,o,l){var r,s,a,c,p,h,m,_,w,k=n.length,E=k,T=0,C=0,b=e.__k=Array(l);for(r=0;r<l;r++)(s=t[r])!=null&&typeof s!="boolean"&&typeof s!="function"?(typeof s!="object"||s.constructor===String?s=b[r]=oo(null,s):Ol(s)?s=b[r]=oo(Io,{children:s}):s.constructor===lo&&s.__b?s=b[r]=oo(s.type,s.props,s.key,s.ref,s.__v):b[r]=s,c=r+T,s.__=e,s.__b=e.__b+1,a=null,~(p=s.__i=Nu(s,n,c,E))&&(E--,(a=n[p])&&(a.__u|=2)),a&&a.__v?(s.__u|=16,p==c-1?T--:p==c+1?T++:p!=c&&(p>c?T--:T++,C=1)):(~p||(l>k?T--:l<k&&T++),typeof s.type!="function"&&(s.__u|=4))):b[r]=null;if(C){for(h=[],m=[],r=0;r<l;r++)if((s=b[r])&&16&s.__u){for(T=0,_=h.length;T<_;)h[w=T+_>>1]<s.__i?T=w+1:_=w;h[T]=s.__i,m[r]=T+1}for(T=h.length;r--;)m[r]&&(m[r]==T?T--:b[r].__u|=4)}if(E)for(r=0;r<k;r++)!(a=n[r])||2&a.__u||(a.__e==o&&(o=Kt(a)),Vl(a,a));return o}function gs(e,t,n,o){var l,r,s,a;if(typeof e.type=="function"){if(e.props.__P)return t;if(l=e.__k)for(r=0;r<l.length;r++)l[r]&&(l[r].__=e,t=gs(l[r],t,n,!1));return t}for(t&&!t.parentNode&&(t=Kt(e))&&!t.parentNode&&(t=null),s=e.__e,a=t;a&&a.nodeType==8;)a=a.nextSibling;for(s!=a&&(!o&&n.moveBefore&&s.parentNode?n.moveBefore(s,t):n.insertBefore(s,t||null)),t=s;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function Nu(e,t,n,o){var l,r=e.key,s=e.type,a=t[n],c=a&&!(2&a.__u);if(a===null&&r==null||c&&r==a.key&&s==a.type)return n;if(o>(c?1:0)){for(l=n-1;l>=0;l--)if((a=t[l])&&!(2&a.__u)&&r==a.key&&s==a.type)return l;for(l=n+1;l<t.length;l++)if((a=t[l])&&!(2&a.__u)&&r==a.key&&s==a.type)return l}return-1}function us(e,t,n){n==null&&(n=""),t[0]=="-"?e.setProperty(t,n):e[t]=n}function $o(e,t,n,o,l){var r,s;if(t=="style")if(typeof n=="string")e.style.cssText=n;else{if(typeof o=="string"&&(e.style.cssText=o=""),o)for(t in o)n&&t in n||us(e.style,t);if(n)for(t in n)o&&n[t]==o[t]||us(e.style,t,n[t])}else if(t[0]=="o"&&t[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(e.__e||(e.__e={}))[t]=n,n&&o||(s=Rl[t]||(Rl[t]=zu(t)),(e.__a||(e.__a={}))[t]=Fl,r=t!=(t=t.replace(ps,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),n?e.addEventListener(t,s,r):e.removeEventListener(t,s,r));else{if(l=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&n==1?"":n)}}function zu(e){return function(t){var n=this.__e;if(n){if(n=n[e],t[Do]==null)t[Do]=Fl++;else if(t[Do]<this.__a[e])return;return n(me.event?me.event(t):t)}}}function zl(e,t,n,o,l,r,s,a,c,p){var h,m,_,w,k,E,T,C,b,L,S,j,F,q,H,Q,B,P,U=t.type;if(t.constructor!==lo)return null;128&n.__u&&(c=32&n.__u,h=n.__c.__z)&&(t.__u|=c,m=r=[],h.nodeType==8?a=Fo(h,r):r.push(h),a=r[0]||a),(h=me.__b)&&h(t);e:if(typeof U=="function"){_=s.length;try{if(C=t.props,b=(h=U.prototype)&&h.render,L=(h=U.contextType)&&o[h.__c],S=h?L?L.props.value:h.__:o,(w=n.__c)?(t.__c=w,2&w.__g&&(w.__g|=1)):(b?t.__c=w=new U(C,S):(t.__c=w=new Ro(C,S),w.constructor=U,w.render=Vu),L&&L.sub(w),w.state||(w.state={}),w.__n=o,w.__g|=8,w.__h=[],w.__k=[]),b&&(w.__s||(w.__s=w.state),U.getDerivedStateFromProps&&(w.__s==w.state&&(w.__s=fn({},w.__s)),fn(w.__s,U.getDerivedStateFromProps(C,w.__s)))),k=w.props,E=w.state,w.__v=t,n.__c){if(C!==k&&b&&!U.getDerivedStateFromProps&&w.componentWillReceiveProps&&w.componentWillReceiveProps(C,S),t.__v==n.__v&&!(8&w.__g)||!(4&w.__g)&&w.shouldComponentUpdate&&w.shouldComponentUpdate(C,w.__s,S)===!1){t.__v!=n.__v&&(w.props=C,w.state=w.__s,w.__g&=-9),t.__e=n.__e,t.__k=n.__k,t.__k.some(function(D){D&&(D.__=t)}),zo.push.apply(w.__h,w.__k),w.__k=[],w.__h.length&&s.push(w),a=Kt(n);break e}w.componentWillUpdate&&w.componentWillUpdate(C,w.__s,S),b&&w.componentDidUpdate&&w.__h.push(function(){w.componentDidUpdate(k,E,T)})}else b&&!U.getDerivedStateFromProps&&w.componentWillMount&&w.componentWillMount(),b&&w.componentDidMount&&w.__h.push(w.componentDidMount);w.context=S,w.props=C,w.__P=e,w.__g&=-5,j=me.__r,F=b?25:0;do w.__g&=-9,j&&j(t),h=w.render(w.props,w.state=w.__s,w.context);while(8&w.__g&&++F<25);b&&(zo.push.apply(w.__h,w.__k),w.__k=[]),w.state=w.__s,w.getChildContext&&(o=fn({},o,w.getChildContext())),b&&n.__c&&w.getSnapshotBeforeUpdate&&(T=w.getSnapshotBeforeUpdate(k,E)),q=h&&h.type===Io&&h.key==null?h.props.children:h,C.__P&&(h=a,l=(e=C.__P).namespaceURI,c=r=null,n.props&&n.props.__P!=e&&(n.__k.some(function(D){D&&Vl(D,D)}),n.__k=null),a=n.__k?Kt(n,0):null),a=ms(e,Ol(q)?q:[q],t,n,o,l,r,s,a,c,p),C.__P&&(t.__e=null,a=h),t.__u&=-161,m&&m.some(cn),w.__h.length&&s.push(w),1&w.__g&&(w.__g&=-4)}catch(D){if(s.length=_,t.__v=null,c||r)if(D&&D.then){if(t.__u|=128|c,r){for(~(B=r.indexOf(a||void 0))||(B=r.length);(P=r[B-1])&&P.nodeType==8;)B--;for(;B<r.length;B++)if(P=r[B])if(r[B]=null,H){if(P==Q)break}else{if(P.nodeType!=8)break;P.data.startsWith("$s")&&(Q=Fo(H=P))}}if(!H){for(;a&&a.nodeType==8&&a.nextSibling;)a=a.nextSibling;H=a}(h=Fo(H=t.__c.__z||(t.__c.__z=H)))?(t.__e=H,a=h):t.__e=a,a=a&&a.nextSibling}else r&&r.some(cn);else t.__e=n.__e;t.__k||(t.__k=n.__k||[]),D&&D.then||_s(t),me.__e(D,t,n)}}else a=t.__e=Iu(n.__e,t,n,o,l,r,s,c,p,e);return(h=me.diffed)&&h(t),a}function Fo(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var n=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))n++;else if(e.data.startsWith("/$s")&&!--n)return e}t&&t.push(e)}}function _s(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(_s))}function ws(e,t,n){for(var o=0;o<n.length;)Il(n[o++],n[o++],n[o++]);me.__c&&me.__c(t,e),e.some(function(l){try{e=l.__h,l.__h=[],e.some(function(r){r.call(l)})}catch(r){me.__e(r,l.__v)}})}function Iu(e,t,n,o,l,r,s,a,c,p){var h,m,_,w,k,E,T,C,b=n.props||No,L=t.props,S=t.type;if(S=="svg"?l="http://www.w3.org/2000/svg":S=="math"?l="http://www.w3.org/1998/Math/MathML":l||(l="http://www.w3.org/1999/xhtml"),r){for(h=0;h<r.length;h++)if((k=r[h])&&(S?k.localName==S:k.nodeType==3)){e=k,r[h]=null;break}}if(!e){if(C=p.ownerDocument||document,!S)return C.createTextNode(L);e=C.createElementNS(l,S,L.is?L:p),a&&(me.__m&&me.__m(t,r),a=!1),r=null}if(S){if(p=S=="template"&&e.content||e,r=S=="textarea"&&L.defaultValue!=null?null:r&&Nl.call(p.childNodes),!a&&r)for(b={},h=0;h<e.attributes.length;h++)b[(k=e.attributes[h]).name]=k.value;for(h in b)k=b[h],h=="dangerouslySetInnerHTML"?_=k:h=="children"||h in L||h=="value"&&"defaultValue"in L||h=="checked"&&"defaultChecked"in L||$o(e,h,null,k,l);for(h in L)k=L[h],h=="children"?w=k:h=="dangerouslySetInnerHTML"?m=k:h=="value"?E=k:h=="checked"?T=k:a&&typeof k!="function"||b[h]===k||$o(e,h,k,b[h],l);m?(a||_&&(m.__html==_.__html||m.__html==e.innerHTML)||(e.innerHTML=m.__html),t.__k=[]):(_&&(e.textContent=""),(S=="foreignObject"||l=="http://www.w3.org/1998/Math/MathML"&&Ru.test(S))&&(l="http://www.w3.org/1999/xhtml"),ms(p,Ol(w)?w:[w],t,n,o,l,r,s,r?r[0]:n.__k&&Kt(n,0),a,c),r&&r.some(cn)),a&&S!="textarea"||(h="value",S=="progress"&&E==null?e.removeAttribute(h):E==null||E===e[h]&&(S!="progress"||E)||$o(e,h,E,b[h],l),h="checked",T!=null&&T!=e[h]&&$o(e,h,T,b[h],l))}else b===L||a&&e.data==L||(e.data=L);return e}function Il(e,t,n,o){try{typeof e=="function"?t?t.__x=e(t)||1:o&&(o=o.__c||o.__e)&&(t=o.__x)&&(o.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(l){me.__e(l,n)}}function Vl(e,t,n){var o,l,r,s;if(me.unmount&&me.unmount(e),!(o=e.ref)||o.current&&o.current!=e.__e||Il(o,null,t,e),o=e.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(a){me.__e(a,t)}o.__P=o.__n=null}if(o=e.__k)for(s=0;s<o.length;s++)o[s]&&Vl(o[s],t,typeof e.type!="function"||n&&!e.props.__P);!n&&(o=e.__c)&&(o=o.__z)&&(l=Fo(o,r=[]))&&(o==e.__e&&r.some(cn),cn(l),cn(o)),n||cn(e.__e),e.__e=e.__c=e.__=null}function Vu(e,t,n){return this.constructor(e,n)}function vs(e,t){var n,o,l,r;me.__&&me.__(e,t),t.nodeType==9&&(t=t.documentElement),o=(n=e&&32&e.__u)?null:t.__k,t.__k=oo(Io,{children:[e]}),l=[],r=[],zl(t,t.__k,o||No,No,t.namespaceURI,o?null:t.firstChild?Nl.call(t.childNodes):null,l,o?o.__e:t.firstChild,n,r),ws(l,t.__k,r),t.__k.props.children=null}me={__e:function(e,t,n,o){for(var l,r,s;t=t.__;)if((l=t.__c)&&!(1&l.__g)){l.__g|=4;try{if((s=(r=l.constructor)&&r.getDerivedStateFromError)&&l.setState(r.getDerivedStateFromError(e)),l.componentDidCatch&&(l.componentDidCatch(e,o||{}),s=1),s&&8&l.__g)return void(l.__g|=2)}catch(a){e=a}}throw Oo=0,e}},cs=0,$u=function(e){return e!=null&&e.constructor===lo},Ro.prototype.setState=function(e,t){var n=this.__s;n&&n!=this.state||(n=this.__s=fn({},this.state)),typeof e=="function"&&(e=e(fn({},n),this.props)),e&&(fn(n,e),this.__v&&(t&&this.__k.push(t),as(this)))},Ro.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),as(this))},Ro.prototype.render=Io,Yt=[],Oo=0,fs=function(e,t){return e.__v.__b-t.__v.__b},Do=Symbol(),ps=/(PointerCapture)$|Capture$/i,Fl=0,Rl={},Du=0;var xs='.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}';var so,Le,Wl,bs,Hl=Object.is,io=0,Cs=[],ql=[],Ae=me,ys=Ae.__b,ks=Ae.__r,Ss=Ae.diffed,Ms=Ae.__c,Ts=Ae.unmount,As=Ae.__;function Ul(e,t){Ae.__h&&Ae.__h(Le,e,io||t),io=0;var n=Le.__H||(Le.__H={__:[],__h:[]});return e>=n.__.length&&n.__.push({}),n.__[e]}function et(e){return io=1,Hu(Ds,e)}function Hu(e,t,n){var o=Ul(so++,2);if(o.t=e,!o.__c&&(o.__=[n?n(t):Ds(void 0,t),function(r){var s=(o.__N||o.__)[0],a=o.t(s,r);Hl(s,a)||(o.__N=[a,o.__[1]],o.__c.setState({}))}],o.__c=Le,!Le.__f)){Le.__f=!0;var l=Le.shouldComponentUpdate;Le.shouldComponentUpdate=function(r,s,a){var c=this.__H;if(!c)return!0;var p=!1,h=this.props!=r;if(c.__.some(function(_){_.__N&&(p=!0,Hl(_.__[0],_.__N[0])||(h=!0))}),l){var m=l.call(this,r,s,a);return p?m||h:m}return!p||h}}return o.__}function Ft(e,t){var n=Ul(so++,3);!Ae.__s&&$s(n.__H,t)&&(n.__P=!0,n.__=e,n.u=t,Le.__H.__h.push(n))}function ao(e){return io=5,_t(function(){return{current:e}},[])}function _t(e,t){var n=Ul(so++,7);return $s(n.__H,t)&&(n.__=e(),n.__H=t),n.__}function Ls(e,t){return io=8,_t(function(){return e},t)}function qu(){var e;do{for(;e=ql.shift();)try{ro(e)}catch(n){Ae.__e(n,{__:(e=e.__P)&&e.__v})}for(;e=Cs.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(ro),t.__h.some(Bl),t.__h=[]}catch(n){t.__h=[],Ae.__e(n,e.__v)}}}while(ql.length)}Ae.__b=function(e){Le=null,ys&&ys(e)},Ae.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),As&&As(e,t)},Ae.__r=function(e){ks&&ks(e),so=0;var t=(Le=e.__c).__H;t&&(Wl==Le?Le.__h=[]:(t.__h.some(ro),t.__h.some(Bl),so=0),t.__h=[],t.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),Wl=Le},Ae.diffed=function(e){Ss&&Ss(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&Ps(Cs.push(t)),t.__H.__.some(function(n){n.u&&(n.__H=n.u)})),Wl=Le=null},Ae.__c=function(e,t){t.some(function(n){try{n.__h.some(ro),n.__h=n.__h.filter(function(o){return!o.__||Bl(o)})}catch(o){n.__h=[function(){throw o}]}}),Ms&&Ms(e,t)},Ae.unmount=function(e){Ts&&Ts(e);var t,n,o=e.__c;o&&o.__H&&(o.__H.__.some(function(l){try{if(l.__P&&l.__c){if(n===void 0){for(n=e.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}l.__P=n,Ps(ql.push(l))}else ro(l)}catch(r){t=r}}),o.__H=void 0,t&&Ae.__e(t,o.__v))};var Es=typeof requestAnimationFrame=="function";function Bu(e){var t,n=function(){clearTimeout(o),Es&&cancelAnimationFrame(t),setTimeout(e)},o=setTimeout(n,35);Es&&(t=requestAnimationFrame(n))}function Ps(e){e!=1&&bs==Ae.requestAnimationFrame||((bs=Ae.requestAnimationFrame)||Bu)(qu)}function ro(e){var t=Le,n=e.__c;typeof n=="function"&&(e.__c=void 0,n()),Le=t}function Bl(e){var t=Le;e.__c=e.__(),Le=t}function $s(e,t){return!e||e.length!=t.length||t.some(function(n,o){return!Hl(n,e[o])})}function Ds(e,t){return typeof t=="function"?t(e):t}var Re="u-",Uu="uplot",Gu=Re+"hz",ju=Re+"vt",Yu=Re+"title",Ku=Re+"wrap",Ju=Re+"under",Qu=Re+"over",Zu=Re+"axis",hn=Re+"off",Xu=Re+"select",ec=Re+"cursor-x",tc=Re+"cursor-y",nc=Re+"cursor-pt",oc=Re+"legend",lc=Re+"live",rc=Re+"inline",sc=Re+"series",ic=Re+"marker",Rs=Re+"label",ac=Re+"value",fo="width",po="height",uo="top",Fs="bottom",zn="left",Gl="right",ur="#000",Os=ur+"0",jl="mousemove",Ns="mousedown",Yl="mouseup",zs="mouseenter",Is="mouseleave",Vs="dblclick",uc="resize",cc="scroll",Ws="change",Bo="dppxchange",cr="--",Un=typeof window<"u",Xl=Un?document:null,Vn=Un?window:null,fc=Un?navigator:null,ie,Vo;function er(){let e=devicePixelRatio;ie!=e&&(ie=e,Vo&&nr(Ws,Vo,er),Vo=matchMedia(`(min-resolution: ${ie-.001}dppx) and (max-resolution: ${ie+.001}dppx)`),mn(Ws,Vo,er),Vn.dispatchEvent(new CustomEvent(Bo)))}function st(e,t){if(t!=null){let n=e.classList;!n.contains(t)&&n.add(t)}}function tr(e,t){let n=e.classList;n.contains(t)&&n.remove(t)}function ve(e,t,n){e.style[t]=n+"px"}function Mt(e,t,n,o){let l=Xl.createElement(e);return t!=null&&st(l,t),n?.insertBefore(l,o),l}function wt(e,t){return Mt("div",e,t)}var Hs=new WeakMap;function Ot(e,t,n,o,l){let r="translate("+t+"px,"+n+"px)",s=Hs.get(e);r!=s&&(e.style.transform=r,Hs.set(e,r),t<0||n<0||t>o||n>l?st(e,hn):tr(e,hn))}var qs=new WeakMap;function Bs(e,t,n){let o=t+n,l=qs.get(e);o!=l&&(qs.set(e,o),e.style.background=t,e.style.borderColor=n)}var Us=new WeakMap;function Gs(e,t,n,o){let l=t+""+n,r=Us.get(e);l!=r&&(Us.set(e,l),e.style.height=n+"px",e.style.width=t+"px",e.style.marginLeft=o?-t/2+"px":0,e.style.marginTop=o?-n/2+"px":0)}var fr={passive:!0},pc={...fr,capture:!0};function mn(e,t,n,o){t.addEventListener(e,n,o?pc:fr)}function nr(e,t,n,o){t.removeEventListener(e,n,fr)}Un&&er();function Tt(e,t,n,o){let l;n=n||0,o=o||t.length-1;let r=o<=2147483647;for(;o-n>1;)l=r?n+o>>1:it((n+o)/2),t[l]<e?n=l:o=l;return e-t[n]<=t[o]-e?n:o}function xi(e){return(n,o,l)=>{let r=-1,s=-1;for(let a=o;a<=l;a++)if(e(n[a])){r=a;break}for(let a=l;a>=o;a--)if(e(n[a])){s=a;break}return[r,s]}}var bi=e=>e!=null,yi=e=>e!=null&&e>0,jo=xi(bi),dc=xi(yi);function hc(e,t,n,o=0,l=!1){let r=l?dc:jo,s=l?yi:bi;[t,n]=r(e,t,n);let a=e[t],c=e[t];if(t>-1)if(o==1)a=e[t],c=e[n];else if(o==-1)a=e[n],c=e[t];else for(let p=t;p<=n;p++){let h=e[p];s(h)&&(h<a?a=h:h>c&&(c=h))}return[a??pe,c??-pe]}function Yo(e,t,n,o){let l=Ks(e),r=Ks(t);e==t&&(l==-1?(e*=n,t/=n):(e/=n,t*=n));let s=n==10?Vt:ki,a=l==1?it:vt,c=r==1?vt:it,p=a(s(De(e))),h=c(s(De(t))),m=Wn(n,p),_=Wn(n,h);return n==10&&(p<0&&(m=de(m,-p)),h<0&&(_=de(_,-h))),o||n==2?(e=m*l,t=_*r):(e=Ai(e,m),t=Ko(t,_)),[e,t]}function pr(e,t,n,o){let l=Yo(e,t,n,o);return e==0&&(l[0]=0),t==0&&(l[1]=0),l}var dr=.1,js={mode:3,pad:dr},mo={pad:0,soft:null,mode:0},mc={min:mo,max:mo};function Uo(e,t,n,o){return Jo(n)?Ys(e,t,n):(mo.pad=n,mo.soft=o?0:null,mo.mode=o?3:0,Ys(e,t,mc))}function re(e,t){return e??t}function gc(e,t,n){for(t=re(t,0),n=re(n,e.length-1);t<=n;){if(e[t]!=null)return!0;t++}return!1}function Ys(e,t,n){let o=n.min,l=n.max,r=re(o.pad,0),s=re(l.pad,0),a=re(o.hard,-pe),c=re(l.hard,pe),p=re(o.soft,pe),h=re(l.soft,-pe),m=re(o.mode,0),_=re(l.mode,0),w=t-e,k=Vt(w),E=Je(De(e),De(t)),T=Vt(E),C=De(T-k);(w<1e-24||C>10)&&(w=0,(e==0||t==0)&&(w=1e-24,m==2&&p!=pe&&(r=0),_==2&&h!=-pe&&(s=0)));let b=w||E||1e3,L=Vt(b),S=Wn(10,it(L)),j=b*(w==0?e==0?.1:1:r),F=de(Ai(e-j,S/10),24),q=e>=p&&(m==1||m==3&&F<=p||m==2&&F>=p)?p:pe,H=Je(a,F<q&&e>=q?q:At(q,F)),Q=b*(w==0?t==0?.1:1:s),B=de(Ko(t+Q,S/10),24),P=t<=h&&(_==1||_==3&&B>=h||_==2&&B<=h)?h:-pe,U=At(c,B>P&&t<=P?P:Je(P,B));return H==U&&H==0&&(U=100),[H,U]}var _c=new Intl.NumberFormat(Un?fc.language:"en-US"),hr=e=>_c.format(e),at=Math,qo=at.PI,De=at.abs,it=at.floor,$e=at.round,vt=at.ceil,At=at.min,Je=at.max,Wn=at.pow,Ks=at.sign,Vt=at.log10,ki=at.log2,wc=(e,t=1)=>at.sinh(e)*t,Kl=(e,t=1)=>at.asinh(e/t),pe=1/0;function Js(e){return(Vt((e^e>>31)-(e>>31))|0)+1}function or(e,t,n){return At(Je(e,t),n)}function Si(e){return typeof e=="function"}function te(e){return Si(e)?e:()=>e}var vc=()=>{},Mi=e=>e,Ti=(e,t)=>t,xc=e=>null,Qs=e=>!0,Zs=(e,t)=>e==t,bc=/\.\d*?(?=9{6,}|0{6,})/gm,gn=e=>{if(Pi(e)||Qt.has(e))return e;let t=`${e}`,n=t.match(bc);if(n==null)return e;let o=n[0].length-1;if(t.indexOf("e-")!=-1){let[l,r]=t.split("e");return+`${gn(l)}e${r}`}return de(e,o)};function pn(e,t){return gn(de(gn(e/t))*t)}function Ko(e,t){return gn(vt(gn(e/t))*t)}function Ai(e,t){return gn(it(gn(e/t))*t)}function de(e,t=0){if(Pi(e))return e;let n=10**t,o=e*n*(1+Number.EPSILON);return $e(o)/n}var Qt=new Map;function Ei(e){return((""+e).split(".")[1]||"").length}function _o(e,t,n,o){let l=[],r=o.map(Ei);for(let s=t;s<n;s++){let a=De(s),c=de(Wn(e,s),a);for(let p=0;p<o.length;p++){let h=e==10?+`${o[p]}e${s}`:o[p]*c,m=(s>=0?0:a)+(s>=r[p]?0:r[p]),_=e==10?h:de(h,m);l.push(_),Qt.set(_,m)}}return l}var go={},mr=[],Hn=[null,null],Jt=Array.isArray,Pi=Number.isInteger,yc=e=>e===void 0;function Xs(e){return typeof e=="string"}function Jo(e){let t=!1;if(e!=null){let n=e.constructor;t=n==null||n==Object}return t}function kc(e){return e!=null&&typeof e=="object"}var Sc=Object.getPrototypeOf(Uint8Array),Ci="__proto__";function qn(e,t=Jo){let n;if(Jt(e)){let o=e.find(l=>l!=null);if(Jt(o)||t(o)){n=Array(e.length);for(let l=0;l<e.length;l++)n[l]=qn(e[l],t)}else n=e.slice()}else if(e instanceof Sc)n=e.slice();else if(t(e)){n={};for(let o in e)o!=Ci&&(n[o]=qn(e[o],t))}else n=e;return n}function Ee(e){let t=arguments;for(let n=1;n<t.length;n++){let o=t[n];for(let l in o)l!=Ci&&(Jo(e[l])?Ee(e[l],qn(o[l])):e[l]=qn(o[l]))}return e}var Mc=0,Tc=1,Ac=2;function Ec(e,t,n){for(let o=0,l,r=-1;o<t.length;o++){let s=t[o];if(s>r){for(l=s-1;l>=0&&e[l]==null;)e[l--]=null;for(l=s+1;l<n&&e[l]==null;)e[r=l++]=null}}}function Pc(e,t){if($c(e)){let s=e[0].slice();for(let a=1;a<e.length;a++)s.push(...e[a].slice(1));return Dc(s[0])||(s=Lc(s)),s}let n=new Set;for(let s=0;s<e.length;s++){let c=e[s][0],p=c.length;for(let h=0;h<p;h++)n.add(c[h])}let o=[Array.from(n).sort((s,a)=>s-a)],l=o[0].length,r=new Map;for(let s=0;s<l;s++)r.set(o[0][s],s);for(let s=0;s<e.length;s++){let a=e[s],c=a[0];for(let p=1;p<a.length;p++){let h=a[p],m=Array(l).fill(void 0),_=t?t[s][p]:Tc,w=[];for(let k=0;k<h.length;k++){let E=h[k],T=r.get(c[k]);E===null?_!=Mc&&(m[T]=E,_==Ac&&w.push(T)):m[T]=E}Ec(m,w,l),o.push(m)}}return o}var Cc=typeof queueMicrotask>"u"?e=>Promise.resolve().then(e):queueMicrotask;function Lc(e){let t=e[0],n=t.length,o=Array(n);for(let r=0;r<o.length;r++)o[r]=r;o.sort((r,s)=>t[r]-t[s]);let l=[];for(let r=0;r<e.length;r++){let s=e[r],a=Array(n);for(let c=0;c<n;c++)a[c]=s[o[c]];l.push(a)}return l}function $c(e){let t=e[0][0],n=t.length;for(let o=1;o<e.length;o++){let l=e[o][0];if(l.length!=n)return!1;if(l!=t){for(let r=0;r<n;r++)if(l[r]!=t[r])return!1}}return!0}function Dc(e,t=100){let n=e.length;if(n<=1)return!0;let o=0,l=n-1;for(;o<=l&&e[o]==null;)o++;for(;l>=o&&e[l]==null;)l--;if(l<=o)return!0;let r=Je(1,it((l-o+1)/t));for(let s=e[o],a=o+r;a<=l;a+=r){let c=e[a];if(c!=null){if(c<=s)return!1;s=c}}return!0}var Li=["January","February","March","April","May","June","July","August","September","October","November","December"],$i=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function Di(e){return e.slice(0,3)}var Rc=$i.map(Di),Fc=Li.map(Di),Oc={MMMM:Li,MMM:Fc,WWWW:$i,WWW:Rc};function co(e){return(e<10?"0":"")+e}function Nc(e){return(e<10?"00":e<100?"0":"")+e}var zc={YYYY:e=>e.getFullYear(),YY:e=>(e.getFullYear()+"").slice(2),MMMM:(e,t)=>t.MMMM[e.getMonth()],MMM:(e,t)=>t.MMM[e.getMonth()],MM:e=>co(e.getMonth()+1),M:e=>e.getMonth()+1,DD:e=>co(e.getDate()),D:e=>e.getDate(),WWWW:(e,t)=>t.WWWW[e.getDay()],WWW:(e,t)=>t.WWW[e.getDay()],HH:e=>co(e.getHours()),H:e=>e.getHours(),h:e=>{let t=e.getHours();return t==0?12:t>12?t-12:t},AA:e=>e.getHours()>=12?"PM":"AM",aa:e=>e.getHours()>=12?"pm":"am",a:e=>e.getHours()>=12?"p":"a",mm:e=>co(e.getMinutes()),m:e=>e.getMinutes(),ss:e=>co(e.getSeconds()),s:e=>e.getSeconds(),fff:e=>Nc(e.getMilliseconds())};function gr(e,t){t=t||Oc;let n=[],o=/\{([a-z]+)\}|[^{]+/gi,l;for(;l=o.exec(e);)n.push(l[0][0]=="{"?zc[l[1]]:l[0]);return r=>{let s="";for(let a=0;a<n.length;a++)s+=typeof n[a]=="string"?n[a]:n[a](r,t);return s}}var Ic=new Intl.DateTimeFormat().resolvedOptions().timeZone;function Vc(e,t){let n;return t=="UTC"||t=="Etc/UTC"?n=new Date(+e+e.getTimezoneOffset()*6e4):t==Ic?n=e:(n=new Date(e.toLocaleString("en-US",{timeZone:t})),n.setMilliseconds(e.getMilliseconds())),n}var Ri=e=>e%1==0,Go=[1,2,2.5,5],Wc=_o(10,-32,0,Go),Fi=_o(10,0,32,Go),Hc=Fi.filter(Ri),dn=Wc.concat(Fi),_r=`
`,Oi="{YYYY}",ei=_r+Oi,Ni="{M}/{D}",ho=_r+Ni,Wo=ho+"/{YY}",zi="{aa}",qc="{h}:{mm}",In=qc+zi,ti=_r+In,ni=":{ss}",ue=null;function Ii(e){let t=e*1e3,n=t*60,o=n*60,l=o*24,r=l*30,s=l*365,c=(e==1?_o(10,0,3,Go).filter(Ri):_o(10,-3,0,Go)).concat([t,t*5,t*10,t*15,t*30,n,n*5,n*10,n*15,n*30,o,o*2,o*3,o*4,o*6,o*8,o*12,l,l*2,l*3,l*4,l*5,l*6,l*7,l*8,l*9,l*10,l*15,r,r*2,r*3,r*4,r*6,s,s*2,s*5,s*10,s*25,s*50,s*100]),p=[[s,Oi,ue,ue,ue,ue,ue,ue,1],[l*28,"{MMM}",ei,ue,ue,ue,ue,ue,1],[l,Ni,ei,ue,ue,ue,ue,ue,1],[o,"{h}"+zi,Wo,ue,ho,ue,ue,ue,1],[n,In,Wo,ue,ho,ue,ue,ue,1],[t,ni,Wo+" "+In,ue,ho+" "+In,ue,ti,ue,1],[e,ni+".{fff}",Wo+" "+In,ue,ho+" "+In,ue,ti,ue,1]];function h(m){return(_,w,k,E,T,C)=>{let b=[],L=T>=s,S=T>=r&&T<s,j=m(k),F=de(j*e,3),q=Jl(j.getFullYear(),L?0:j.getMonth(),S||L?1:j.getDate()),H=de(q*e,3);if(S||L){let Q=S?T/r:0,B=L?T/s:0,P=F==H?F:de(Jl(q.getFullYear()+B,q.getMonth()+Q,1)*e,3),U=new Date($e(P/e)),D=U.getFullYear(),Y=U.getMonth();for(let W=0;P<=E;W++){let ne=Jl(D+B*W,Y+Q*W,1),V=ne-m(de(ne*e,3));P=de((+ne+V)*e,3),P<=E&&b.push(P)}}else{let Q=T>=l?l:T,B=it(k)-it(F),P=H+B+Ko(F-H,Q);b.push(P);let U=m(P),D=U.getHours()+U.getMinutes()/n+U.getSeconds()/o,Y=T/o,W=_.axes[w]._space,ne=C/W;for(;P=de(P+T,e==1?0:3),!(P>E);)if(Y>1){let V=it(de(D+Y,6))%24,oe=m(P).getHours()-V;oe>1&&(oe=-1),P-=oe*o,D=(D+Y)%24;let ce=b[b.length-1];de((P-ce)/T,3)*ne>=.7&&b.push(P)}else b.push(P)}return b}}return[c,p,h]}var[Bc,Uc,Gc]=Ii(1),[jc,Yc,Kc]=Ii(.001);_o(2,-53,53,[1]);function oi(e,t){return e.map(n=>n.map((o,l)=>l==0||l==8||o==null?o:t(l==1||n[8]==0?o:n[1]+o)))}function li(e,t){return(n,o,l,r,s)=>{let a=t.find(k=>s>=k[0])||t[t.length-1],c,p,h,m,_,w;return o.map(k=>{let E=e(k),T=E.getFullYear(),C=E.getMonth(),b=E.getDate(),L=E.getHours(),S=E.getMinutes(),j=E.getSeconds(),F=T!=c&&a[2]||C!=p&&a[3]||b!=h&&a[4]||L!=m&&a[5]||S!=_&&a[6]||j!=w&&a[7]||a[1];return c=T,p=C,h=b,m=L,_=S,w=j,F(E)})}}function Jc(e,t){let n=gr(t);return(o,l,r,s,a)=>l.map(c=>n(e(c)))}function Jl(e,t,n){return new Date(e,t,n)}function ri(e,t){return t(e)}var Qc="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function si(e,t){return(n,o,l,r)=>r==null?cr:t(e(o))}function Zc(e,t){let n=e.series[t];return n.width?n.stroke(e,t):n.points.width?n.points.stroke(e,t):null}function Xc(e,t){return e.series[t].fill(e,t)}var ef={show:!0,live:!0,isolate:!1,mount:vc,markers:{show:!0,width:2,stroke:Zc,fill:Xc,dash:"solid"},idx:null,idxs:null,values:[]};function tf(e,t){let n=e.cursor.points,o=wt(),l=n.size(e,t);ve(o,fo,l),ve(o,po,l);let r=l/-2;ve(o,"marginLeft",r),ve(o,"marginTop",r);let s=n.width(e,t,l);return s&&ve(o,"borderWidth",s),o}function nf(e,t){let n=e.series[t].points;return n._fill||n._stroke}function of(e,t){let n=e.series[t].points;return n._stroke||n._fill}function lf(e,t){return e.series[t].points.size}var Ql=[0,0];function rf(e,t,n){return Ql[0]=t,Ql[1]=n,Ql}function Ho(e,t,n,o=!0){return l=>{l.button==0&&(!o||l.target==t)&&n(l)}}function Zl(e,t,n,o=!0){return l=>{(!o||l.target==t)&&n(l)}}var sf={show:!0,x:!0,y:!0,lock:!1,move:rf,points:{one:!1,show:tf,size:lf,width:0,stroke:of,fill:nf},bind:{mousedown:Ho,mouseup:Ho,click:Ho,dblclick:Ho,mousemove:Zl,mouseleave:Zl,mouseenter:Zl},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(e,t)=>{t.stopPropagation(),t.stopImmediatePropagation()},_x:!1,_y:!1},focus:{dist:(e,t,n,o,l)=>o-l,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},Vi={show:!0,stroke:"rgba(0,0,0,0.07)",width:2},wr=Ee({},Vi,{filter:Ti}),Wi=Ee({},wr,{size:10}),Hi=Ee({},Vi,{show:!1}),vr='12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',qi="bold "+vr,Bi=1.5,ii={show:!0,scale:"x",stroke:ur,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:qi,side:2,grid:wr,ticks:Wi,border:Hi,font:vr,lineGap:Bi,rotate:0},af="Value",uf="Time",ai={show:!0,scale:"x",auto:!1,sorted:1,min:pe,max:-pe,idxs:[]};function cf(e,t,n,o,l){return t.map(r=>r==null?"":hr(r))}function ff(e,t,n,o,l,r,s){let a=[],c=Qt.get(l)||0;n=s?n:de(Ko(n,l),c);for(let p=n;p<=o;p=de(p+l,c))a.push(Object.is(p,-0)?0:p);return a}function lr(e,t,n,o,l,r,s){let a=[],c=e.scales[e.axes[t].scale].log,p=c==10?Vt:ki,h=it(p(n));l=Wn(c,h),c==10&&(l=dn[Tt(l,dn)]);let m=n,_=l*c;c==10&&(_=dn[Tt(_,dn)]);do a.push(m),m=m+l,c==10&&!Qt.has(m)&&(m=de(m,Qt.get(l))),m>=_&&(l=m,_=l*c,c==10&&(_=dn[Tt(_,dn)]));while(m<=o);return a}function pf(e,t,n,o,l,r,s){let c=e.scales[e.axes[t].scale].asinh,p=o>c?lr(e,t,Je(c,n),o,l):[c],h=o>=0&&n<=0?[0]:[];return(n<-c?lr(e,t,Je(c,-o),-n,l):[c]).reverse().map(_=>-_).concat(h,p)}var Ui=/./,df=/[12357]/,hf=/[125]/,ui=/1/,rr=(e,t,n,o)=>e.map((l,r)=>t==4&&l==0||r%o==0&&n.test(l.toExponential()[l<0?1:0])?l:null);function mf(e,t,n,o,l){let r=e.axes[n],s=r.scale,a=e.scales[s],c=e.valToPos,p=r._space,h=c(10,s),m=c(9,s)-h>=p?Ui:c(7,s)-h>=p?df:c(5,s)-h>=p?hf:ui;if(m==ui){let _=De(c(1,s)-h);if(_<p)return rr(t.slice().reverse(),a.distr,m,vt(p/_)).reverse()}return rr(t,a.distr,m,1)}function gf(e,t,n,o,l){let r=e.axes[n],s=r.scale,a=r._space,c=e.valToPos,p=De(c(1,s)-c(2,s));return p<a?rr(t.slice().reverse(),3,Ui,vt(a/p)).reverse():t}function _f(e,t,n,o){return o==null?cr:t==null?"":hr(t)}var ci={show:!0,scale:"y",stroke:ur,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:qi,side:3,grid:wr,ticks:Wi,border:Hi,font:vr,lineGap:Bi,rotate:0};function wf(e,t){let n=3+(e||1)*2;return de(n*t,3)}function vf(e,t){let{scale:n,idxs:o}=e.series[0],l=e._data[0],r=e.valToPos(l[o[0]],n,!0),s=e.valToPos(l[o[1]],n,!0),a=De(s-r),c=e.series[t],p=a/(c.points.space*ie);return o[1]-o[0]<=p}var fi={scale:null,auto:!0,sorted:0,min:pe,max:-pe},Gi=(e,t,n,o,l)=>l,pi={show:!0,auto:!0,sorted:0,gaps:Gi,alpha:1,facets:[Ee({},fi,{scale:"x"}),Ee({},fi,{scale:"y"})]},di={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,gaps:Gi,alpha:1,points:{show:vf,filter:null},values:null,min:pe,max:-pe,idxs:[],path:null,clip:null};function xf(e,t,n,o,l){return n/10}var ji={time:!0,auto:!0,distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},bf=Ee({},ji,{time:!1,ori:1}),hi={};function Yi(e,t){let n=hi[e];return n||(n={key:e,plots:[],sub(o){n.plots.push(o)},unsub(o){n.plots=n.plots.filter(l=>l!=o)},pub(o,l,r,s,a,c,p){for(let h=0;h<n.plots.length;h++)n.plots[h]!=l&&n.plots[h].pub(o,l,r,s,a,c,p)}},e!=null&&(hi[e]=n)),n}var Bn=1,sr=2;function _n(e,t,n){let o=e.mode,l=e.series[t],r=o==2?e._data[t]:e._data,s=e.scales,a=e.bbox,c=r[0],p=o==2?r[1]:r[t],h=o==2?s[l.facets[0].scale]:s[e.series[0].scale],m=o==2?s[l.facets[1].scale]:s[l.scale],_=a.left,w=a.top,k=a.width,E=a.height,T=e.valToPosH,C=e.valToPosV;return h.ori==0?n(l,c,p,h,m,T,C,_,w,k,E,Zo,Gn,el,Ji,Zi):n(l,c,p,h,m,C,T,w,_,E,k,Xo,jn,yr,Qi,Xi)}function xr(e,t){let n=0,o=0,l=re(e.bands,mr);for(let r=0;r<l.length;r++){let s=l[r];s.series[0]==t?n=s.dir:s.series[1]==t&&(s.dir==1?o|=1:o|=2)}return[n,o==1?-1:o==2?1:o==3?2:0]}function yf(e,t,n,o,l){let r=e.mode,s=e.series[t],a=r==2?s.facets[1].scale:s.scale,c=e.scales[a];return l==-1?c.min:l==1?c.max:c.distr==3?c.dir==1?c.min:c.max:0}function Wt(e,t,n,o,l,r){return _n(e,t,(s,a,c,p,h,m,_,w,k,E,T)=>{let C=s.pxRound,b=p.dir*(p.ori==0?1:-1),L=p.ori==0?Gn:jn,S,j;b==1?(S=n,j=o):(S=o,j=n);let F=C(m(a[S],p,E,w)),q=C(_(c[S],h,T,k)),H=C(m(a[j],p,E,w)),Q=C(_(r==1?h.max:h.min,h,T,k)),B=new Path2D(l);return L(B,H,Q),L(B,F,Q),L(B,F,q),B})}function Qo(e,t,n,o,l,r){let s=null;if(e.length>0){s=new Path2D;let a=t==0?el:yr,c=n;for(let m=0;m<e.length;m++){let _=e[m];if(_[1]>_[0]){let w=_[0]-c;w>0&&a(s,c,o,w,o+r),c=_[1]}}let p=n+l-c,h=10;p>0&&a(s,c,o-h/2,p,o+r+h)}return s}function kf(e,t,n){let o=e[e.length-1];o&&o[0]==t?o[1]=n:e.push([t,n])}function br(e,t,n,o,l,r,s){let a=[],c=e.length;for(let p=l==1?n:o;p>=n&&p<=o;p+=l)if(t[p]===null){let m=p,_=p;if(l==1)for(;++p<=o&&t[p]===null;)_=p;else for(;--p>=n&&t[p]===null;)_=p;let w=r(e[m]),k=_==m?w:r(e[_]),E=m-l;w=s<=0&&E>=0&&E<c?r(e[E]):w;let C=_+l;k=s>=0&&C>=0&&C<c?r(e[C]):k,k>=w&&a.push([w,k])}return a}function mi(e){return e==0?Mi:e==1?$e:t=>pn(t,e)}function Ki(e){let t=e==0?Zo:Xo,n=e==0?(l,r,s,a,c,p)=>{l.arcTo(r,s,a,c,p)}:(l,r,s,a,c,p)=>{l.arcTo(s,r,c,a,p)},o=e==0?(l,r,s,a,c)=>{l.rect(r,s,a,c)}:(l,r,s,a,c)=>{l.rect(s,r,c,a)};return(l,r,s,a,c,p=0,h=0)=>{p==0&&h==0?o(l,r,s,a,c):(p=At(p,a/2,c/2),h=At(h,a/2,c/2),t(l,r+p,s),n(l,r+a,s,r+a,s+c,p),n(l,r+a,s+c,r,s+c,h),n(l,r,s+c,r,s,h),n(l,r,s,r+a,s,p),l.closePath())}}var Zo=(e,t,n)=>{e.moveTo(t,n)},Xo=(e,t,n)=>{e.moveTo(n,t)},Gn=(e,t,n)=>{e.lineTo(t,n)},jn=(e,t,n)=>{e.lineTo(n,t)},el=Ki(0),yr=Ki(1),Ji=(e,t,n,o,l,r)=>{e.arc(t,n,o,l,r)},Qi=(e,t,n,o,l,r)=>{e.arc(n,t,o,l,r)},Zi=(e,t,n,o,l,r,s)=>{e.bezierCurveTo(t,n,o,l,r,s)},Xi=(e,t,n,o,l,r,s)=>{e.bezierCurveTo(n,t,l,o,s,r)};function ea(e){return(t,n,o,l,r)=>_n(t,n,(s,a,c,p,h,m,_,w,k,E,T)=>{let{pxRound:C,points:b}=s,L,S;p.ori==0?(L=Zo,S=Ji):(L=Xo,S=Qi);let j=de(b.width*ie,3),F=(b.size-b.width)/2*ie,q=de(F*2,3),H=new Path2D,Q=new Path2D,{left:B,top:P,width:U,height:D}=t.bbox;el(Q,B-q,P-q,U+q*2,D+q*2);let Y=W=>{if(c[W]!=null){let ne=C(m(a[W],p,E,w)),V=C(_(c[W],h,T,k));L(H,ne+F,V),S(H,ne,V,F,0,qo*2)}};if(r)r.forEach(Y);else for(let W=o;W<=l;W++)Y(W);return{stroke:j>0?H:null,fill:H,clip:Q,flags:Bn|sr}})}function ta(e){return(t,n,o,l,r,s)=>{o!=l&&(r!=o&&s!=o&&e(t,n,o),r!=l&&s!=l&&e(t,n,l),e(t,n,s))}}var Sf=ta(Gn),Mf=ta(jn);function na(e){let t=re(e?.alignGaps,0);return(n,o,l,r)=>_n(n,o,(s,a,c,p,h,m,_,w,k,E,T)=>{[l,r]=jo(c,l,r);let C=s.pxRound,b=D=>C(m(D,p,E,w)),L=D=>C(_(D,h,T,k)),S,j;p.ori==0?(S=Gn,j=Sf):(S=jn,j=Mf);let F=p.dir*(p.ori==0?1:-1),q={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bn},H=q.stroke,Q=!1;if(r-l>=E*4){let D=z=>n.posToVal(z,p.key,!0),Y=null,W=null,ne,V,Qe,xe=b(a[F==1?l:r]),oe=b(a[l]),ce=b(a[r]),Z=D(F==1?oe+1:ce-1);for(let z=F==1?l:r;z>=l&&z<=r;z+=F){let Pe=a[z],be=(F==1?Pe<Z:Pe>Z)?xe:b(Pe),ae=c[z];be==xe?ae!=null?(V=ae,Y==null?(S(H,be,L(V)),ne=Y=W=V):V<Y?Y=V:V>W&&(W=V)):ae===null&&(Q=!0):(Y!=null&&j(H,xe,L(Y),L(W),L(ne),L(V)),ae!=null?(V=ae,S(H,be,L(V)),Y=W=ne=V):(Y=W=null,ae===null&&(Q=!0)),xe=be,Z=D(xe+F))}Y!=null&&Y!=W&&Qe!=xe&&j(H,xe,L(Y),L(W),L(ne),L(V))}else for(let D=F==1?l:r;D>=l&&D<=r;D+=F){let Y=c[D];Y===null?Q=!0:Y!=null&&S(H,b(a[D]),L(Y))}let[P,U]=xr(n,o);if(s.fill!=null||P!=0){let D=q.fill=new Path2D(H),Y=s.fillTo(n,o,s.min,s.max,P),W=L(Y),ne=b(a[l]),V=b(a[r]);F==-1&&([V,ne]=[ne,V]),S(D,V,W),S(D,ne,W)}if(!s.spanGaps){let D=[];Q&&D.push(...br(a,c,l,r,F,b,t)),q.gaps=D=s.gaps(n,o,l,r,D),q.clip=Qo(D,p.ori,w,k,E,T)}return U!=0&&(q.band=U==2?[Wt(n,o,l,r,H,-1),Wt(n,o,l,r,H,1)]:Wt(n,o,l,r,H,U)),q})}function Tf(e){let t=re(e.align,1),n=re(e.ascDesc,!1),o=re(e.alignGaps,0),l=re(e.extend,!1);return(r,s,a,c)=>_n(r,s,(p,h,m,_,w,k,E,T,C,b,L)=>{[a,c]=jo(m,a,c);let S=p.pxRound,{left:j,width:F}=r.bbox,q=oe=>S(k(oe,_,b,T)),H=oe=>S(E(oe,w,L,C)),Q=_.ori==0?Gn:jn,B={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bn},P=B.stroke,U=_.dir*(_.ori==0?1:-1),D=H(m[U==1?a:c]),Y=q(h[U==1?a:c]),W=Y,ne=Y;l&&t==-1&&(ne=j,Q(P,ne,D)),Q(P,Y,D);for(let oe=U==1?a:c;oe>=a&&oe<=c;oe+=U){let ce=m[oe];if(ce==null)continue;let Z=q(h[oe]),z=H(ce);t==1?Q(P,Z,D):Q(P,W,z),Q(P,Z,z),D=z,W=Z}let V=W;l&&t==1&&(V=j+F,Q(P,V,D));let[Qe,xe]=xr(r,s);if(p.fill!=null||Qe!=0){let oe=B.fill=new Path2D(P),ce=p.fillTo(r,s,p.min,p.max,Qe),Z=H(ce);Q(oe,V,Z),Q(oe,ne,Z)}if(!p.spanGaps){let oe=[];oe.push(...br(h,m,a,c,U,q,o));let ce=p.width*ie/2,Z=n||t==1?ce:-ce,z=n||t==-1?-ce:ce;oe.forEach(Pe=>{Pe[0]+=Z,Pe[1]+=z}),B.gaps=oe=p.gaps(r,s,a,c,oe),B.clip=Qo(oe,_.ori,T,C,b,L)}return xe!=0&&(B.band=xe==2?[Wt(r,s,a,c,P,-1),Wt(r,s,a,c,P,1)]:Wt(r,s,a,c,P,xe)),B})}function gi(e,t,n,o,l,r,s=pe){if(e.length>1){let a=null;for(let c=0,p=1/0;c<e.length;c++)if(t[c]!==void 0){if(a!=null){let h=De(e[c]-e[a]);h<p&&(p=h,s=De(n(e[c],o,l,r)-n(e[a],o,l,r)))}a=c}}return s}function Af(e){e=e||go;let t=re(e.size,[.6,pe,1]),n=e.align||0,o=e.gap||0,l=e.radius;l=l==null?[0,0]:typeof l=="number"?[l,0]:l;let r=te(l),s=1-t[0],a=re(t[1],pe),c=re(t[2],1),p=re(e.disp,go),h=re(e.each,w=>{}),{fill:m,stroke:_}=p;return(w,k,E,T)=>_n(w,k,(C,b,L,S,j,F,q,H,Q,B,P)=>{let U=C.pxRound,D=n,Y=o*ie,W=a*ie,ne=c*ie,V,Qe;S.ori==0?[V,Qe]=r(w,k):[Qe,V]=r(w,k);let xe=S.dir*(S.ori==0?1:-1),oe=S.ori==0?el:yr,ce=S.ori==0?h:(O,he,Ce,yn,tn,Pt,nn)=>{h(O,he,Ce,tn,yn,nn,Pt)},Z=re(w.bands,mr).find(O=>O.series[0]==k),z=Z!=null?Z.dir:0,Pe=C.fillTo(w,k,C.min,C.max,z),Ue=U(q(Pe,j,P,Q)),be,ae,xt,tt=B,ke=U(C.width*ie),Et=!1,Nt=null,ft=null,Ht=null,vn=null;m!=null&&(ke==0||_!=null)&&(Et=!0,Nt=m.values(w,k,E,T),ft=new Map,new Set(Nt).forEach(O=>{O!=null&&ft.set(O,new Path2D)}),ke>0&&(Ht=_.values(w,k,E,T),vn=new Map,new Set(Ht).forEach(O=>{O!=null&&vn.set(O,new Path2D)})));let{x0:xn,size:Kn}=p;if(xn!=null&&Kn!=null){D=1,b=xn.values(w,k,E,T),xn.unit==2&&(b=b.map(Ce=>w.posToVal(H+Ce*B,S.key,!0)));let O=Kn.values(w,k,E,T);Kn.unit==2?ae=O[0]*B:ae=F(O[0],S,B,H)-F(0,S,B,H),tt=gi(b,L,F,S,B,H,tt),xt=tt-ae+Y}else tt=gi(b,L,F,S,B,H,tt),xt=tt*s+Y,ae=tt-xt;xt<1&&(xt=0),ke>=ae/2&&(ke=0),xt<5&&(U=Mi);let yo=xt>0,Xt=tt-xt-(yo?ke:0);ae=U(or(Xt,ne,W)),be=(D==0?ae/2:D==xe?0:ae)-D*xe*((D==0?Y/2:0)+(yo?ke/2:0));let Ge={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},bn=Et?null:new Path2D,zt=null;if(Z!=null)zt=w.data[Z.series[1]];else{let{y0:O,y1:he}=p;O!=null&&he!=null&&(L=he.values(w,k,E,T),zt=O.values(w,k,E,T))}let en=V*ae,J=Qe*ae;for(let O=xe==1?E:T;O>=E&&O<=T;O+=xe){let he=L[O];if(he==null)continue;if(zt!=null){let Ze=zt[O]??0;if(he-Ze==0)continue;Ue=q(Ze,j,P,Q)}let Ce=S.distr!=2||p!=null?b[O]:O,yn=F(Ce,S,B,H),tn=q(re(he,Pe),j,P,Q),Pt=U(yn-be),nn=U(Je(tn,Ue)),nt=U(At(tn,Ue)),pt=nn-nt;if(he!=null){let Ze=he<0?J:en,bt=he<0?en:J;Et?(ke>0&&Ht[O]!=null&&oe(vn.get(Ht[O]),Pt,nt+it(ke/2),ae,Je(0,pt-ke),Ze,bt),Nt[O]!=null&&oe(ft.get(Nt[O]),Pt,nt+it(ke/2),ae,Je(0,pt-ke),Ze,bt)):oe(bn,Pt,nt+it(ke/2),ae,Je(0,pt-ke),Ze,bt),ce(w,k,O,Pt-ke/2,nt,ae+ke,pt)}}return ke>0?Ge.stroke=Et?vn:bn:Et||(Ge._fill=C.width==0?C._fill:C._stroke??C._fill,Ge.width=0),Ge.fill=Et?ft:bn,Ge})}function Ef(e,t){let n=re(t?.alignGaps,0);return(o,l,r,s)=>_n(o,l,(a,c,p,h,m,_,w,k,E,T,C)=>{[r,s]=jo(p,r,s);let b=a.pxRound,L=V=>b(_(V,h,T,k)),S=V=>b(w(V,m,C,E)),j,F,q;h.ori==0?(j=Zo,q=Gn,F=Zi):(j=Xo,q=jn,F=Xi);let H=h.dir*(h.ori==0?1:-1),Q=L(c[H==1?r:s]),B=Q,P=[],U=[];for(let V=H==1?r:s;V>=r&&V<=s;V+=H)if(p[V]!=null){let xe=c[V],oe=L(xe);P.push(B=oe),U.push(S(p[V]))}let D={stroke:e(P,U,j,q,F,b),fill:null,clip:null,band:null,gaps:null,flags:Bn},Y=D.stroke,[W,ne]=xr(o,l);if(a.fill!=null||W!=0){let V=D.fill=new Path2D(Y),Qe=a.fillTo(o,l,a.min,a.max,W),xe=S(Qe);q(V,B,xe),q(V,Q,xe)}if(!a.spanGaps){let V=[];V.push(...br(c,p,r,s,H,L,n)),D.gaps=V=a.gaps(o,l,r,s,V),D.clip=Qo(V,h.ori,k,E,T,C)}return ne!=0&&(D.band=ne==2?[Wt(o,l,r,s,Y,-1),Wt(o,l,r,s,Y,1)]:Wt(o,l,r,s,Y,ne)),D})}function Pf(e){return Ef(Cf,e)}function Cf(e,t,n,o,l,r){let s=e.length;if(s<2)return null;let a=new Path2D;if(n(a,e[0],t[0]),s==2)o(a,e[1],t[1]);else{let c=Array(s),p=Array(s-1),h=Array(s-1),m=Array(s-1);for(let _=0;_<s-1;_++)h[_]=t[_+1]-t[_],m[_]=e[_+1]-e[_],p[_]=h[_]/m[_];c[0]=p[0];for(let _=1;_<s-1;_++)p[_]===0||p[_-1]===0||p[_-1]>0!=p[_]>0?c[_]=0:(c[_]=3*(m[_-1]+m[_])/((2*m[_]+m[_-1])/p[_-1]+(m[_]+2*m[_-1])/p[_]),isFinite(c[_])||(c[_]=0));c[s-1]=p[s-2];for(let _=0;_<s-1;_++)l(a,e[_]+m[_]/3,t[_]+c[_]*m[_]/3,e[_+1]-m[_]/3,t[_+1]-c[_+1]*m[_]/3,e[_+1],t[_+1])}return a}var ir=new Set;function _i(){for(let e of ir)e.syncRect(!0)}Un&&(mn(uc,Vn,_i),mn(cc,Vn,_i,!0),mn(Bo,Vn,()=>{qe.pxRatio=ie}));var Lf=na(),$f=ea();function wi(e,t,n,o){return(o?[e[0],e[1]].concat(e.slice(2)):[e[0]].concat(e.slice(1))).map((r,s)=>ar(r,s,t,n))}function Df(e,t){return e.map((n,o)=>o==0?{}:Ee({},t,n))}function ar(e,t,n,o){return Ee({},t==0?n:o,e)}function oa(e,t,n){return t==null?Hn:[t,n]}var Rf=oa;function Ff(e,t,n){return t==null?Hn:Uo(t,n,dr,!0)}function la(e,t,n,o){return t==null?Hn:Yo(t,n,e.scales[o].log,!1)}var Of=la;function ra(e,t,n,o){return t==null?Hn:pr(t,n,e.scales[o].log,!1)}var Nf=ra;function zf(e,t,n,o,l){let r=Je(Js(e),Js(t)),s=t-e,a=Tt(l/o*s,n);do{let c=n[a],p=o*c/s;if(p>=l&&r+(c<5?Qt.get(c):0)<=17)return[c,p]}while(++a<n.length);return[0,0]}function vi(e){let t,n;return e=e.replace(/(\d+)px/,(o,l)=>(t=$e((n=+l)*ie))+"px"),[e,t,n]}function If(e){e.show&&[e.font,e.labelFont].forEach(t=>{let n=de(t[2]*ie,1);t[0]=t[0].replace(/[0-9.]+px/,n+"px"),t[1]=n})}function qe(e,t,n){let o={mode:re(e.mode,1)},l=o.mode;function r(i,u,f,d){let g=u.valToPct(i);return d+f*(u.dir==-1?1-g:g)}function s(i,u,f,d){let g=u.valToPct(i);return d+f*(u.dir==-1?g:1-g)}function a(i,u,f,d){return u.ori==0?r(i,u,f,d):s(i,u,f,d)}o.valToPosH=r,o.valToPosV=s;let c=!1;o.status=0;let p=o.root=wt(Uu);if(e.id!=null&&(p.id=e.id),st(p,e.class),e.title){let i=wt(Yu,p);i.textContent=e.title}let h=Mt("canvas"),m=o.ctx=h.getContext("2d"),_=wt(Ku,p);mn("click",_,i=>{i.target===k&&(ge!=Dn||ye!=Rn)&&He.click(o,i)},!0);let w=o.under=wt(Ju,_);_.appendChild(h);let k=o.over=wt(Qu,_);e=qn(e);let E=+re(e.pxAlign,1),T=mi(E);(e.plugins||[]).forEach(i=>{i.opts&&(e=i.opts(o,e)||e)});let C=e.ms||.001,b=o.series=l==1?wi(e.series||[],ai,di,!1):Df(e.series||[null],pi),L=o.axes=wi(e.axes||[],ii,ci,!0),S=o.scales={},j=o.bands=e.bands||[];j.forEach(i=>{i.fill=te(i.fill||null),i.dir=re(i.dir,-1)});let F=l==2?b[1].facets[0].scale:b[0].scale,q={axes:_u,series:pu},H=(e.drawOrder||["axes","series"]).map(i=>q[i]);function Q(i){let u=i.distr==3?f=>Vt(f>0?f:i.clamp(o,f,i.min,i.max,i.key)):i.distr==4?f=>Kl(f,i.asinh):i.distr==100?f=>i.fwd(f):f=>f;return f=>{let d=u(f),{_min:g,_max:v}=i,y=v-g;return(d-g)/y}}function B(i){let u=S[i];if(u==null){let f=(e.scales||go)[i]||go;if(f.from!=null){B(f.from);let d=Ee({},S[f.from],f,{key:i});d.valToPct=Q(d),S[i]=d}else{u=S[i]=Ee({},i==F?ji:bf,f),u.key=i;let d=u.time,g=u.range,v=Jt(g);if((i!=F||l==2&&!d)&&(v&&(g[0]==null||g[1]==null)&&(g={min:g[0]==null?js:{mode:1,hard:g[0],soft:g[0]},max:g[1]==null?js:{mode:1,hard:g[1],soft:g[1]}},v=!1),!v&&Jo(g))){let y=g;g=(M,A,$)=>A==null?Hn:Uo(A,$,y)}u.range=te(g||(d?Rf:i==F?u.distr==3?Of:u.distr==4?Nf:oa:u.distr==3?la:u.distr==4?ra:Ff)),u.auto=te(v?!1:u.auto),u.clamp=te(u.clamp||xf),u._min=u._max=null,u.valToPct=Q(u)}}}B("x"),B("y"),l==1&&b.forEach(i=>{B(i.scale)}),L.forEach(i=>{B(i.scale)});for(let i in e.scales)B(i);let P=S[F],U=P.distr,D,Y;P.ori==0?(st(p,Gu),D=r,Y=s):(st(p,ju),D=s,Y=r);let W={};for(let i in S){let u=S[i];(u.min!=null||u.max!=null)&&(W[i]={min:u.min,max:u.max},u.min=u.max=null)}let ne=e.tzDate||(i=>new Date($e(i/C))),V=e.fmtDate||gr,Qe=C==1?Gc(ne):Kc(ne),xe=li(ne,oi(C==1?Uc:Yc,V)),oe=si(ne,ri(Qc,V)),ce=[],Z=o.legend=Ee({},ef,e.legend),z=o.cursor=Ee({},sf,{drag:{y:l==2}},e.cursor),Pe=Z.show,Ue=z.show,be=Z.markers;Z.idxs=ce,be.width=te(be.width),be.dash=te(be.dash),be.stroke=te(be.stroke),be.fill=te(be.fill);let ae,xt,tt,ke=[],Et=[],Nt,ft=!1,Ht={};if(Z.live){let i=b[1]?b[1].values:null;ft=i!=null,Nt=ft?i(o,1,0):{_:0};for(let u in Nt)Ht[u]=cr}if(Pe)if(ae=Mt("table",oc,p),tt=Mt("tbody",null,ae),Z.mount(o,ae),ft){xt=Mt("thead",null,ae,tt);let i=Mt("tr",null,xt);Mt("th",null,i);for(var vn in Nt)Mt("th",Rs,i).textContent=vn}else st(ae,rc),Z.live&&st(ae,lc);let xn={show:!0},Kn={show:!1};function yo(i,u){if(u==0&&(ft||!Z.live||l==2))return Hn;let f=[],d=Mt("tr",sc,tt,tt.childNodes[u]);st(d,i.class),i.show||st(d,hn);let g=Mt("th",null,d);if(be.show){let M=wt(ic,g);if(u>0){let A=be.width(o,u);A&&(M.style.border=A+"px "+be.dash(o,u)+" "+be.stroke(o,u)),M.style.background=be.fill(o,u)}}let v=wt(Rs,g);i.label instanceof HTMLElement?v.appendChild(i.label):v.textContent=i.label,u>0&&(be.show||(v.style.color=i.width>0?be.stroke(o,u):be.fill(o,u)),Ge("click",g,M=>{if(z._lock)return;ln(M);let A=b.indexOf(i);if((M.ctrlKey||M.metaKey)!=Z.isolate){let $=b.some((R,N)=>N>0&&N!=A&&R.show);b.forEach((R,N)=>{N>0&&Lt(N,$?N==A?xn:Kn:xn,!0,Te.setSeries)})}else Lt(A,{show:!i.show},!0,Te.setSeries)},!1),Sn&&Ge(zs,g,M=>{z._lock||(ln(M),Lt(b.indexOf(i),On,!0,Te.setSeries))},!1));for(var y in Nt){let M=Mt("td",ac,d);M.textContent="--",f.push(M)}return[d,f]}let Xt=new Map;function Ge(i,u,f,d=!0){let g=Xt.get(u)||{},v=z.bind[i](o,u,f,d);v&&(mn(i,u,g[i]=v),Xt.set(u,g))}function bn(i,u,f){let d=Xt.get(u)||{};for(let g in d)(i==null||g==i)&&(nr(g,u,d[g]),delete d[g]);i==null&&Xt.delete(u)}let zt=0,en=0,J=0,O=0,he=0,Ce=0,yn=he,tn=Ce,Pt=J,nn=O,nt=0,pt=0,Ze=0,bt=0;o.bbox={};let cl=!1,ko=!1,kn=!1,on=!1,So=!1,dt=!1;function fl(i,u,f){(f||i!=o.width||u!=o.height)&&$r(i,u),Pn(!1),kn=!0,ko=!0,Cn()}function $r(i,u){o.width=zt=J=i,o.height=en=O=u,he=Ce=0,ru(),su();let f=o.bbox;nt=f.left=pn(he*ie,.5),pt=f.top=pn(Ce*ie,.5),Ze=f.width=pn(J*ie,.5),bt=f.height=pn(O*ie,.5)}let nu=3;function ou(){let i=!1,u=0;for(;!i;){u++;let f=mu(u),d=gu(u);i=u==nu||f&&d,i||($r(o.width,o.height),ko=!0)}}function lu({width:i,height:u}){fl(i,u)}o.setSize=lu;function ru(){let i=!1,u=!1,f=!1,d=!1;L.forEach((g,v)=>{if(g.show&&g._show){let{side:y,_size:M}=g,A=y%2,$=g.label!=null?g.labelSize:0,R=M+$;R>0&&(A?(J-=R,y==3?(he+=R,d=!0):f=!0):(O-=R,y==0?(Ce+=R,i=!0):u=!0))}}),rn[0]=i,rn[1]=f,rn[2]=u,rn[3]=d,J-=qt[1]+qt[3],he+=qt[3],O-=qt[2]+qt[0],Ce+=qt[0]}function su(){let i=he+J,u=Ce+O,f=he,d=Ce;function g(v,y){switch(v){case 1:return i+=y,i-y;case 2:return u+=y,u-y;case 3:return f-=y,f+y;case 0:return d-=y,d+y}}L.forEach((v,y)=>{if(v.show&&v._show){let M=v.side;v._pos=g(M,v._size),v.label!=null&&(v._lpos=g(M,v.labelSize))}})}if(z.dataIdx==null){let i=z.hover,u=i.skip=new Set(i.skip??[]);u.add(void 0);let f=i.prox=te(i.prox),d=i.bias??=0;z.dataIdx=(g,v,y,M)=>{if(v==0)return y;let A=y,$=f(g,v,y,M)??pe,R=$>=0&&$<pe,N=P.ori==0?J:O,K=z.left,se=t[0],le=t[v];if(u.has(le[y])){A=null;let X=null,G=null,I;if(d==0||d==-1)for(I=y;X==null&&I-- >0;)u.has(le[I])||(X=I);if(d==0||d==1)for(I=y;G==null&&I++<le.length;)u.has(le[I])||(G=I);if(X!=null||G!=null)if(R){let we=X==null?-1/0:D(se[X],P,N,0),Se=G==null?1/0:D(se[G],P,N,0),Ve=K-we,fe=Se-K;Ve<=fe?Ve<=$&&(A=X):fe<=$&&(A=G)}else A=G==null?X:X==null?G:y-X<=G-y?X:G}else R&&De(K-D(se[y],P,N,0))>$&&(A=null);return A}}let ln=i=>{z.event=i};z.idxs=ce,z._lock=!1;let Be=z.points;Be.show=te(Be.show),Be.size=te(Be.size),Be.stroke=te(Be.stroke),Be.width=te(Be.width),Be.fill=te(Be.fill);let Ct=o.focus=Ee({},e.focus||{alpha:.3},z.focus),Sn=Ct.prox>=0,Mn=Sn&&Be.one,ht=[],Tn=[],An=[];function Dr(i,u){let f=Be.show(o,u);if(f instanceof HTMLElement)return st(f,nc),st(f,i.class),Ot(f,-10,-10,J,O),k.insertBefore(f,ht[u]),f}function Rr(i,u){if(l==1||u>0){let f=l==1&&S[i.scale].time,d=i.value;i.value=f?Xs(d)?si(ne,ri(d,V)):d||oe:d||_f,i.label=i.label||(f?uf:af)}if(Mn||u>0){i.width=i.width==null?1:i.width,i.paths=i.paths||Lf||xc,i.fillTo=te(i.fillTo||yf),i.pxAlign=+re(i.pxAlign,E),i.pxRound=mi(i.pxAlign),i.stroke=te(i.stroke||null),i.fill=te(i.fill||null),i._stroke=i._fill=i._paths=i._focus=null;let f=wf(Je(1,i.width),1),d=i.points=Ee({},{size:f,width:Je(1,f*.2),stroke:i.stroke,space:f*2,paths:$f,_stroke:null,_fill:null},i.points);d.show=te(d.show),d.filter=te(d.filter),d.fill=te(d.fill),d.stroke=te(d.stroke),d.paths=te(d.paths),d.pxAlign=i.pxAlign}if(Pe){let f=yo(i,u);ke.splice(u,0,f[0]),Et.splice(u,0,f[1]),Z.values.push(null)}if(Ue){ce.splice(u,0,null);let f=null;Mn?u==0&&(f=Dr(i,u)):u>0&&(f=Dr(i,u)),ht.splice(u,0,f),Tn.splice(u,0,0),An.splice(u,0,0)}Ie("addSeries",u)}function iu(i,u){u=u??b.length,i=l==1?ar(i,u,ai,di):ar(i,u,{},pi),b.splice(u,0,i),Rr(b[u],u)}o.addSeries=iu;function au(i){if(b.splice(i,1),Pe){Z.values.splice(i,1),Et.splice(i,1);let u=ke.splice(i,1)[0];bn(null,u.firstChild),u.remove()}Ue&&(ce.splice(i,1),ht.splice(i,1)[0].remove(),Tn.splice(i,1),An.splice(i,1)),Ie("delSeries",i)}o.delSeries=au;let rn=[!1,!1,!1,!1];function uu(i,u){if(i._show=i.show,i.show){let f=i.side%2,d=S[i.scale];d==null&&(i.scale=f?b[1].scale:F,d=S[i.scale]);let g=d.time;i.size=te(i.size),i.space=te(i.space),i.rotate=te(i.rotate),Jt(i.incrs)&&i.incrs.forEach(y=>{!Qt.has(y)&&Qt.set(y,Ei(y))}),i.incrs=te(i.incrs||(d.distr==2?Hc:g?C==1?Bc:jc:dn)),i.splits=te(i.splits||(g&&d.distr==1?Qe:d.distr==3?lr:d.distr==4?pf:ff)),i.stroke=te(i.stroke),i.grid.stroke=te(i.grid.stroke),i.ticks.stroke=te(i.ticks.stroke),i.border.stroke=te(i.border.stroke);let v=i.values;i.values=Jt(v)&&!Jt(v[0])?te(v):g?Jt(v)?li(ne,oi(v,V)):Xs(v)?Jc(ne,v):v||xe:v||cf,i.filter=te(i.filter||(d.distr>=3&&d.log==10?mf:d.distr==3&&d.log==2?gf:Ti)),i.font=vi(i.font),i.labelFont=vi(i.labelFont),i._size=i.size(o,null,u,0),i._space=i._rotate=i._incrs=i._found=i._splits=i._values=null,i._size>0&&(rn[u]=!0,i._el=wt(Zu,_))}}function Jn(i,u,f,d){let[g,v,y,M]=f,A=u%2,$=0;return A==0&&(M||v)&&($=u==0&&!g||u==2&&!y?$e(ii.size/3):0),A==1&&(g||y)&&($=u==1&&!v||u==3&&!M?$e(ci.size/2):0),$}let Fr=o.padding=(e.padding||[Jn,Jn,Jn,Jn]).map(i=>te(re(i,Jn))),qt=o._padding=Fr.map((i,u)=>i(o,u,rn,0)),We,Fe=null,Oe=null,Mo=l==1?b[0].idxs:null,yt=null,Qn=!1;function Or(i,u){if(t=i??[],o.data=o._data=t,l==2){We=0;for(let f=1;f<b.length;f++)We+=t[f][0].length}else{t.length==0&&(o.data=o._data=t=[[]]),yt=t[0],We=yt.length;let f=t;if(U==2){f=t.slice();let d=f[0]=Array(We);for(let g=0;g<We;g++)d[g]=g}o._data=t=f}if(Pn(!0),Ie("setData"),U==2&&(kn=!0),u!==!1){let f=P;f.auto(o,Qn)?pl():Ut(F,f.min,f.max),on=on||z.left>=0,dt=!0,Cn()}}o.setData=Or;function pl(){Qn=!0;let i,u;l==1&&(We>0?(Fe=Mo[0]=0,Oe=Mo[1]=We-1,i=t[0][Fe],u=t[0][Oe],U==2?(i=Fe,u=Oe):i==u&&(U==3?[i,u]=Yo(i,i,P.log,!1):U==4?[i,u]=pr(i,i,P.log,!1):P.time?u=i+$e(86400/C):[i,u]=Uo(i,u,dr,!0))):(Fe=Mo[0]=i=null,Oe=Mo[1]=u=null)),Ut(F,i,u)}let To,En,dl,hl,ml,gl,_l,wl,vl,Xe;function Nr(i,u,f,d,g,v){i??=Os,f??=mr,d??="butt",g??=Os,v??="round",i!=To&&(m.strokeStyle=To=i),g!=En&&(m.fillStyle=En=g),u!=dl&&(m.lineWidth=dl=u),v!=ml&&(m.lineJoin=ml=v),d!=gl&&(m.lineCap=gl=d),f!=hl&&m.setLineDash(hl=f)}function zr(i,u,f,d){u!=En&&(m.fillStyle=En=u),i!=_l&&(m.font=_l=i),f!=wl&&(m.textAlign=wl=f),d!=vl&&(m.textBaseline=vl=d)}function xl(i,u,f,d,g=0){if(d.length>0&&i.auto(o,Qn)&&(u==null||u.min==null)){let v=re(Fe,0),y=re(Oe,d.length-1),M=f.min==null?hc(d,v,y,g,i.distr==3):[f.min,f.max];i.min=At(i.min,f.min=M[0]),i.max=Je(i.max,f.max=M[1])}}let Ir={min:null,max:null};function cu(){for(let d in S){let g=S[d];W[d]==null&&(g.min==null||W[F]!=null&&g.auto(o,Qn))&&(W[d]=Ir)}for(let d in S){let g=S[d];W[d]==null&&g.from!=null&&W[g.from]!=null&&(W[d]=Ir)}W[F]!=null&&Pn(!0);let i={};for(let d in W){let g=W[d];if(g!=null){let v=i[d]=qn(S[d],kc);if(g.min!=null)Ee(v,g);else if(d!=F||l==2)if(We==0&&v.from==null){let y=v.range(o,null,null,d);v.min=y[0],v.max=y[1]}else v.min=pe,v.max=-pe}}if(We>0){b.forEach((d,g)=>{if(l==1){let v=d.scale,y=W[v];if(y==null)return;let M=i[v];if(g==0){let A=M.range(o,M.min,M.max,v);M.min=A[0],M.max=A[1],Fe=Tt(M.min,t[0]),Oe=Tt(M.max,t[0]),Oe-Fe>1&&(t[0][Fe]<M.min&&Fe++,t[0][Oe]>M.max&&Oe--),d.min=yt[Fe],d.max=yt[Oe]}else d.show&&d.auto&&xl(M,y,d,t[g],d.sorted);d.idxs[0]=Fe,d.idxs[1]=Oe}else if(g>0&&d.show&&d.auto){let[v,y]=d.facets,M=v.scale,A=y.scale,[$,R]=t[g],N=i[M],K=i[A];N!=null&&xl(N,W[M],v,$,v.sorted),K!=null&&xl(K,W[A],y,R,y.sorted),d.min=y.min,d.max=y.max}});for(let d in i){let g=i[d],v=W[d];if(g.from==null&&(v==null||v.min==null)){let y=g.range(o,g.min==pe?null:g.min,g.max==-pe?null:g.max,d);g.min=y[0],g.max=y[1]}}}for(let d in i){let g=i[d];if(g.from!=null){let v=i[g.from];if(v.min==null)g.min=g.max=null;else{let y=g.range(o,v.min,v.max,d);g.min=y[0],g.max=y[1]}}}let u={},f=!1;for(let d in i){let g=i[d],v=S[d];if(v.min!=g.min||v.max!=g.max){v.min=g.min,v.max=g.max;let y=v.distr;v._min=y==3?Vt(v.min):y==4?Kl(v.min,v.asinh):y==100?v.fwd(v.min):v.min,v._max=y==3?Vt(v.max):y==4?Kl(v.max,v.asinh):y==100?v.fwd(v.max):v.max,u[d]=f=!0}}if(f){b.forEach((d,g)=>{l==2?g>0&&u.y&&(d._paths=null):u[d.scale]&&(d._paths=null)});for(let d in u)kn=!0,Ie("setScale",d);Ue&&z.left>=0&&(on=dt=!0)}for(let d in W)W[d]=null}function fu(i){let u=or(Fe-1,0,We-1),f=or(Oe+1,0,We-1);for(;i[u]==null&&u>0;)u--;for(;i[f]==null&&f<We-1;)f++;return[u,f]}function pu(){if(We>0){let i=b.some(u=>u._focus)&&Xe!=Ct.alpha;i&&(m.globalAlpha=Xe=Ct.alpha),b.forEach((u,f)=>{if(f>0&&u.show&&(Vr(f,!1),Vr(f,!0),u._paths==null)){let d=Xe;Xe!=u.alpha&&(m.globalAlpha=Xe=u.alpha);let g=l==2?[0,t[f][0].length-1]:fu(t[f]);u._paths=u.paths(o,f,g[0],g[1]),Xe!=d&&(m.globalAlpha=Xe=d)}}),b.forEach((u,f)=>{if(f>0&&u.show){let d=Xe;Xe!=u.alpha&&(m.globalAlpha=Xe=u.alpha),u._paths!=null&&Wr(f,!1);{let g=u._paths!=null?u._paths.gaps:null,v=u.points.show(o,f,Fe,Oe,g),y=u.points.filter(o,f,v,g);(v||y)&&(u.points._paths=u.points.paths(o,f,Fe,Oe,y),Wr(f,!0))}Xe!=d&&(m.globalAlpha=Xe=d),Ie("drawSeries",f)}}),i&&(m.globalAlpha=Xe=1)}}function Vr(i,u){let f=u?b[i].points:b[i];f._stroke=f.stroke(o,i),f._fill=f.fill(o,i)}function Wr(i,u){let f=u?b[i].points:b[i],{stroke:d,fill:g,clip:v,flags:y,_stroke:M=f._stroke,_fill:A=f._fill,_width:$=f.width}=f._paths;$=de($*ie,3);let R=null,N=$%2/2;u&&A==null&&(A=$>0?"#fff":M);let K=f.pxAlign==1&&N>0;if(K&&m.translate(N,N),!u){let se=nt-$/2,le=pt-$/2,X=Ze+$,G=bt+$;R=new Path2D,R.rect(se,le,X,G)}u?bl(M,$,f.dash,f.cap,A,d,g,y,v):du(i,M,$,f.dash,f.cap,A,d,g,y,R,v),K&&m.translate(-N,-N)}function du(i,u,f,d,g,v,y,M,A,$,R){let N=!1;A!=0&&j.forEach((K,se)=>{if(K.series[0]==i){let le=b[K.series[1]],X=t[K.series[1]],G=(le._paths||go).band;Jt(G)&&(G=K.dir==1?G[0]:G[1]);let I,we=null;le.show&&G&&gc(X,Fe,Oe)?(we=K.fill(o,se)||v,I=le._paths.clip):G=null,bl(u,f,d,g,we,y,M,A,$,R,I,G),N=!0}}),N||bl(u,f,d,g,v,y,M,A,$,R)}let Hr=Bn|sr;function bl(i,u,f,d,g,v,y,M,A,$,R,N){Nr(i,u,f,d,g),(A||$||N)&&(m.save(),A&&m.clip(A),$&&m.clip($)),N?(M&Hr)==Hr?(m.clip(N),R&&m.clip(R),Eo(g,y),Ao(i,v,u)):M&sr?(Eo(g,y),m.clip(N),Ao(i,v,u)):M&Bn&&(m.save(),m.clip(N),R&&m.clip(R),Eo(g,y),m.restore(),Ao(i,v,u)):(Eo(g,y),Ao(i,v,u)),(A||$||N)&&m.restore()}function Ao(i,u,f){f>0&&(u instanceof Map?u.forEach((d,g)=>{m.strokeStyle=To=g,m.stroke(d)}):u!=null&&i&&m.stroke(u))}function Eo(i,u){u instanceof Map?u.forEach((f,d)=>{m.fillStyle=En=d,m.fill(f)}):u!=null&&i&&m.fill(u)}function hu(i,u,f,d){let g=L[i],v;if(d<=0)v=[0,0];else{let y=g._space=g.space(o,i,u,f,d),M=g._incrs=g.incrs(o,i,u,f,d,y);v=zf(u,f,M,d,y)}return g._found=v}function yl(i,u,f,d,g,v,y,M,A,$){let R=y%2/2;E==1&&m.translate(R,R),Nr(M,y,A,$,M),m.beginPath();let N,K,se,le,X=g+(d==0||d==3?-v:v);f==0?(K=g,le=X):(N=g,se=X);for(let G=0;G<i.length;G++)u[G]!=null&&(f==0?N=se=i[G]:K=le=i[G],m.moveTo(N,K),m.lineTo(se,le));m.stroke(),E==1&&m.translate(-R,-R)}function mu(i){let u=!0;return L.forEach((f,d)=>{if(!f.show)return;let g=S[f.scale];if(g.min==null){f._show&&(u=!1,f._show=!1,Pn(!1));return}else f._show||(u=!1,f._show=!0,Pn(!1));let v=f.side,y=v%2,{min:M,max:A}=g,[$,R]=hu(d,M,A,y==0?J:O);if(R==0)return;let N=g.distr==2,K=f._splits=f.splits(o,d,M,A,$,R,N),se=g.distr==2?K.map(I=>yt[I]):K,le=g.distr==2?yt[K[1]]-yt[K[0]]:$,X=f._values=f.values(o,f.filter(o,se,d,R,le),d,R,le);f._rotate=v==2?f.rotate(o,X,d,R):0;let G=f._size;f._size=vt(f.size(o,X,d,i)),G!=null&&f._size!=G&&(u=!1)}),u}function gu(i){let u=!0;return Fr.forEach((f,d)=>{let g=f(o,d,rn,i);g!=qt[d]&&(u=!1),qt[d]=g}),u}function _u(){for(let i=0;i<L.length;i++){let u=L[i];if(!u.show||!u._show)continue;let f=u.side,d=f%2,g,v,y=u.stroke(o,i),M=f==0||f==3?-1:1,[A,$]=u._found;if(u.label!=null){let Ye=u.labelGap*M,rt=$e((u._lpos+Ye)*ie);zr(u.labelFont[0],y,"center",f==2?uo:Fs),m.save(),d==1?(g=v=0,m.translate(rt,$e(pt+bt/2)),m.rotate((f==3?-qo:qo)/2)):(g=$e(nt+Ze/2),v=rt);let un=Si(u.label)?u.label(o,i,A,$):u.label;m.fillText(un,g,v),m.restore()}if($==0)continue;let R=S[u.scale],N=d==0?Ze:bt,K=d==0?nt:pt,se=u._splits,le=R.distr==2?se.map(Ye=>yt[Ye]):se,X=R.distr==2?yt[se[1]]-yt[se[0]]:A,G=u.ticks,I=u.border,we=G.show?G.size:0,Se=$e(we*ie),Ve=$e((u.alignTo==2?u._size-we-u.gap:u.gap)*ie),fe=u._rotate*-qo/180,Me=T(u._pos*ie),ot=(Se+Ve)*M,je=Me+ot;v=d==0?je:0,g=d==1?je:0;let mt=u.font[0],kt=u.align==1?zn:u.align==2?Gl:fe>0?zn:fe<0?Gl:d==0?"center":f==3?Gl:zn,Dt=fe||d==1?"middle":f==2?uo:Fs;zr(mt,y,kt,Dt);let lt=u.font[1]*u.lineGap,gt=se.map(Ye=>T(a(Ye,R,N,K))),St=u._values;for(let Ye=0;Ye<St.length;Ye++){let rt=St[Ye];if(rt!=null){d==0?g=gt[Ye]:v=gt[Ye],rt=""+rt;let un=rt.indexOf(`
`)==-1?[rt]:rt.split(/\n/gm);for(let Ke=0;Ke<un.length;Ke++){let is=un[Ke];fe?(m.save(),m.translate(g,v+Ke*lt),m.rotate(fe),m.fillText(is,0,0),m.restore()):m.fillText(is,g,v+Ke*lt)}}}G.show&&yl(gt,G.filter(o,le,i,$,X),d,f,Me,Se,de(G.width*ie,3),G.stroke(o,i),G.dash,G.cap);let Rt=u.grid;Rt.show&&yl(gt,Rt.filter(o,le,i,$,X),d,d==0?2:1,d==0?pt:nt,d==0?bt:Ze,de(Rt.width*ie,3),Rt.stroke(o,i),Rt.dash,Rt.cap),I.show&&yl([Me],[1],d==0?1:0,d==0?1:2,d==1?pt:nt,d==1?bt:Ze,de(I.width*ie,3),I.stroke(o,i),I.dash,I.cap)}Ie("drawAxes")}function Pn(i){b.forEach((u,f)=>{f>0&&(u._paths=null,i&&(l==1?(u.min=null,u.max=null):u.facets.forEach(d=>{d.min=null,d.max=null})))})}let Po=!1,kl=!1,Zn=[];function wu(){kl=!1;for(let i=0;i<Zn.length;i++)Ie(...Zn[i]);Zn.length=0}function Cn(){Po||(Cc(qr),Po=!0)}function vu(i,u=!1){Po=!0,kl=u,i(o),qr(),u&&Zn.length>0&&queueMicrotask(wu)}o.batch=vu;function qr(){if(cl&&(cu(),cl=!1),kn&&(ou(),kn=!1),ko){if(ve(w,zn,he),ve(w,uo,Ce),ve(w,fo,J),ve(w,po,O),ve(k,zn,he),ve(k,uo,Ce),ve(k,fo,J),ve(k,po,O),ve(_,fo,zt),ve(_,po,en),h.width=$e(zt*ie),h.height=$e(en*ie),L.forEach(({_el:i,_show:u,_size:f,_pos:d,side:g})=>{if(i!=null)if(u){let v=g===3||g===0?f:0,y=g%2==1;ve(i,y?"left":"top",d-v),ve(i,y?"width":"height",f),ve(i,y?"top":"left",y?Ce:he),ve(i,y?"height":"width",y?O:J),tr(i,hn)}else st(i,hn)}),To=En=dl=ml=gl=_l=wl=vl=hl=null,Xe=1,to(!0),he!=yn||Ce!=tn||J!=Pt||O!=nn){Pn(!1);let i=J/Pt,u=O/nn;if(Ue&&!on&&z.left>=0){z.left*=i,z.top*=u,Ln&&Ot(Ln,$e(z.left),0,J,O),$n&&Ot($n,0,$e(z.top),J,O);for(let f=0;f<ht.length;f++){let d=ht[f];d!=null&&(Tn[f]*=i,An[f]*=u,Ot(d,vt(Tn[f]),vt(An[f]),J,O))}}if(_e.show&&!So&&_e.left>=0&&_e.width>0){_e.left*=i,_e.width*=i,_e.top*=u,_e.height*=u;for(let f in Pl)ve(Fn,f,_e[f])}yn=he,tn=Ce,Pt=J,nn=O}Ie("setSize"),ko=!1}zt>0&&en>0&&(m.clearRect(0,0,h.width,h.height),Ie("drawClear"),H.forEach(i=>i()),Ie("draw")),_e.show&&So&&(Co(_e),So=!1),Ue&&on&&(an(null,!0,!1),on=!1),Z.show&&Z.live&&dt&&(Al(),dt=!1),c||(c=!0,o.status=1,Ie("ready")),Qn=!1,Po=!1}o.redraw=(i,u)=>{kn=u||!1,i!==!1?Ut(F,P.min,P.max):Cn()};function Sl(i,u){let f=S[i];if(f.from==null){if(We==0){let d=f.range(o,u.min,u.max,i);u.min=d[0],u.max=d[1]}if(u.min>u.max){let d=u.min;u.min=u.max,u.max=d}if(We>1&&u.min!=null&&u.max!=null&&u.max-u.min<1e-16)return;i==F&&f.distr==2&&We>0&&(u.min=Tt(u.min,t[0]),u.max=Tt(u.max,t[0]),u.min==u.max&&u.max++),W[i]=u,cl=!0,Cn()}}o.setScale=Sl;let Ml,Tl,Ln,$n,Br,Ur,Dn,Rn,Gr,jr,ge,ye,Bt=!1,He=z.drag,Ne=He.x,ze=He.y;Ue&&(z.x&&(Ml=wt(ec,k)),z.y&&(Tl=wt(tc,k)),P.ori==0?(Ln=Ml,$n=Tl):(Ln=Tl,$n=Ml),ge=z.left,ye=z.top);let _e=o.select=Ee({show:!0,over:!0,left:0,width:0,top:0,height:0},e.select),Fn=_e.show?wt(Xu,_e.over?k:w):null;function Co(i,u){if(_e.show){for(let f in i)_e[f]=i[f],f in Pl&&ve(Fn,f,i[f]);u!==!1&&Ie("setSelect")}}o.setSelect=Co;function xu(i){if(b[i].show)Pe&&tr(ke[i],hn);else if(Pe&&st(ke[i],hn),Ue){let f=Mn?ht[0]:ht[i];f!=null&&Ot(f,-10,-10,J,O)}}function Ut(i,u,f){Sl(i,{min:u,max:f})}function Lt(i,u,f,d){u.focus!=null&&Mu(i),u.show!=null&&b.forEach((g,v)=>{v>0&&(i==v||i==null)&&(g.show=u.show,xu(v),l==2?(Ut(g.facets[0].scale,null,null),Ut(g.facets[1].scale,null,null)):Ut(g.scale,null,null),Cn())}),f!==!1&&Ie("setSeries",i,u),d&&no("setSeries",o,i,u)}o.setSeries=Lt;function bu(i,u){Ee(j[i],u)}function yu(i,u){i.fill=te(i.fill||null),i.dir=re(i.dir,-1),u=u??j.length,j.splice(u,0,i)}function ku(i){i==null?j.length=0:j.splice(i,1)}o.addBand=yu,o.setBand=bu,o.delBand=ku;function Su(i,u){b[i].alpha=u,Ue&&ht[i]!=null&&(ht[i].style.opacity=u),Pe&&ke[i]&&(ke[i].style.opacity=u)}let It,Gt,sn,On={focus:!0};function Mu(i){if(i!=sn){let u=i==null,f=Ct.alpha!=1;b.forEach((d,g)=>{if(l==1||g>0){let v=u||g==0||g==i;d._focus=u?null:v,f&&Su(g,v?1:Ct.alpha)}}),sn=i,f&&Cn()}}Pe&&Sn&&Ge(Is,ae,i=>{z._lock||(ln(i),sn!=null&&Lt(null,On,!0,Te.setSeries))});function $t(i,u,f){let d=S[u];f&&(i=i/ie-(d.ori==1?Ce:he));let g=J;d.ori==1&&(g=O,i=g-i),d.dir==-1&&(i=g-i);let v=d._min,y=d._max,M=i/g,A=v+(y-v)*M,$=d.distr;return $==3?Wn(10,A):$==4?wc(A,d.asinh):$==100?d.bwd(A):A}function Tu(i,u){let f=$t(i,F,u);return Tt(f,t[0],Fe,Oe)}o.valToIdx=i=>Tt(i,t[0]),o.posToIdx=Tu,o.posToVal=$t,o.valToPos=(i,u,f)=>S[u].ori==0?r(i,S[u],f?Ze:J,f?nt:0):s(i,S[u],f?bt:O,f?pt:0),o.setCursor=(i,u,f)=>{ge=i.left,ye=i.top,an(null,u,f)};function Yr(i,u){ve(Fn,zn,_e.left=i),ve(Fn,fo,_e.width=u)}function Kr(i,u){ve(Fn,uo,_e.top=i),ve(Fn,po,_e.height=u)}let Xn=P.ori==0?Yr:Kr,eo=P.ori==1?Yr:Kr;function Au(){if(Pe&&Z.live)for(let i=l==2?1:0;i<b.length;i++){if(i==0&&ft)continue;let u=Z.values[i],f=0;for(let d in u)Et[i][f++].firstChild.nodeValue=u[d]}}function Al(i,u){if(i!=null&&(i.idxs?i.idxs.forEach((f,d)=>{ce[d]=f}):yc(i.idx)||ce.fill(i.idx),Z.idx=ce[0]),Pe&&Z.live){for(let f=0;f<b.length;f++)(f>0||l==1&&!ft)&&Eu(f,ce[f]);Au()}dt=!1,u!==!1&&Ie("setLegend")}o.setLegend=Al;function Eu(i,u){let f=b[i],d=i==0&&U==2?yt:t[i],g;ft?g=f.values(o,i,u)??Ht:(g=f.value(o,u==null?null:d[u],i,u),g=g==null?Ht:{_:g}),Z.values[i]=g}function an(i,u,f){Gr=ge,jr=ye,[ge,ye]=z.move(o,ge,ye),z.left=ge,z.top=ye,Ue&&(Ln&&Ot(Ln,$e(ge),0,J,O),$n&&Ot($n,0,$e(ye),J,O));let d,g=Fe>Oe;It=pe,Gt=null;let v=P.ori==0?J:O,y=P.ori==1?J:O;if(ge<0||We==0||g){d=z.idx=null;for(let M=0;M<b.length;M++){let A=ht[M];A!=null&&Ot(A,-10,-10,J,O)}Sn&&Lt(null,On,!0,i==null&&Te.setSeries),Z.live&&(ce.fill(d),dt=!0)}else{let M,A,$;l==1&&(M=P.ori==0?ge:ye,A=$t(M,F),d=z.idx=Tt(A,t[0],Fe,Oe),$=D(t[0][d],P,v,0));let R=-10,N=-10,K=0,se=0,le=!0,X="",G="";for(let I=l==2?1:0;I<b.length;I++){let we=b[I],Se=ce[I],Ve=Se==null?null:l==1?t[I][Se]:t[I][1][Se],fe=z.dataIdx(o,I,d,A),Me=fe==null?null:l==1?t[I][fe]:t[I][1][fe];if(dt=dt||Me!=Ve||fe!=Se,ce[I]=fe,I>0&&we.show){let ot=fe==null?-10:fe==d?$:D(l==1?t[0][fe]:t[I][0][fe],P,v,0),je=Me==null?-10:Y(Me,l==1?S[we.scale]:S[we.facets[1].scale],y,0);if(Sn&&Me!=null){let mt=P.ori==1?ge:ye,kt=De(Ct.dist(o,I,fe,je,mt));if(kt<It){let Dt=Ct.bias;if(Dt!=0){let lt=$t(mt,we.scale),gt=Me>=0?1:-1,St=lt>=0?1:-1;St==gt&&(St==1?Dt==1?Me>=lt:Me<=lt:Dt==1?Me<=lt:Me>=lt)&&(It=kt,Gt=I)}else It=kt,Gt=I}}if(dt||Mn){let mt,kt;P.ori==0?(mt=ot,kt=je):(mt=je,kt=ot);let Dt,lt,gt,St,Rt,Ye,rt=!0,un=Be.bbox;if(un!=null){rt=!1;let Ke=un(o,I);gt=Ke.left,St=Ke.top,Dt=Ke.width,lt=Ke.height}else gt=mt,St=kt,Dt=lt=Be.size(o,I);if(Ye=Be.fill(o,I),Rt=Be.stroke(o,I),Mn)I==Gt&&It<=Ct.prox&&(R=gt,N=St,K=Dt,se=lt,le=rt,X=Ye,G=Rt);else{let Ke=ht[I];Ke!=null&&(Tn[I]=gt,An[I]=St,Gs(Ke,Dt,lt,rt),Bs(Ke,Ye,Rt),Ot(Ke,vt(gt),vt(St),J,O))}}}}if(Mn){let I=Ct.prox,we=sn==null?It<=I:It>I||Gt!=sn;if(dt||we){let Se=ht[0];Se!=null&&(Tn[0]=R,An[0]=N,Gs(Se,K,se,le),Bs(Se,X,G),Ot(Se,vt(R),vt(N),J,O))}}}if(_e.show&&Bt)if(i!=null){let[M,A]=Te.scales,[$,R]=Te.match,[N,K]=i.cursor.sync.scales,se=i.cursor.drag;if(Ne=se._x,ze=se._y,Ne||ze){let{left:le,top:X,width:G,height:I}=i.select,we=i.scales[N].ori,Se=i.posToVal,Ve,fe,Me,ot,je,mt=M!=null&&$(M,N),kt=A!=null&&R(A,K);mt&&Ne?(we==0?(Ve=le,fe=G):(Ve=X,fe=I),Me=S[M],ot=D(Se(Ve,N),Me,v,0),je=D(Se(Ve+fe,N),Me,v,0),Xn(At(ot,je),De(je-ot))):Xn(0,v),kt&&ze?(we==1?(Ve=le,fe=G):(Ve=X,fe=I),Me=S[A],ot=Y(Se(Ve,K),Me,y,0),je=Y(Se(Ve+fe,K),Me,y,0),eo(At(ot,je),De(je-ot))):eo(0,y)}else Cl()}else{let M=De(Gr-Br),A=De(jr-Ur);if(P.ori==1){let K=M;M=A,A=K}Ne=He.x&&M>=He.dist,ze=He.y&&A>=He.dist;let $=He.uni;$!=null?Ne&&ze&&(Ne=M>=$,ze=A>=$,!Ne&&!ze&&(A>M?ze=!0:Ne=!0)):He.x&&He.y&&(Ne||ze)&&(Ne=ze=!0);let R,N;Ne&&(P.ori==0?(R=Dn,N=ge):(R=Rn,N=ye),Xn(At(R,N),De(N-R)),ze||eo(0,y)),ze&&(P.ori==1?(R=Dn,N=ge):(R=Rn,N=ye),eo(At(R,N),De(N-R)),Ne||Xn(0,v)),!Ne&&!ze&&(Xn(0,0),eo(0,0))}if(He._x=Ne,He._y=ze,i==null){if(f){if(ss!=null){let[M,A]=Te.scales;Te.values[0]=M!=null?$t(P.ori==0?ge:ye,M):null,Te.values[1]=A!=null?$t(P.ori==1?ge:ye,A):null}no(jl,o,ge,ye,J,O,d)}if(Sn){let M=f&&Te.setSeries,A=Ct.prox;sn==null?It<=A&&Lt(Gt,On,!0,M):It>A?Lt(null,On,!0,M):Gt!=sn&&Lt(Gt,On,!0,M)}}dt&&(Z.idx=d,Al()),u!==!1&&Ie("setCursor")}let jt=null;Object.defineProperty(o,"rect",{get(){return jt==null&&to(!1),jt}});function to(i=!1){i?jt=null:(jt=k.getBoundingClientRect(),Ie("syncRect",jt))}function Jr(i,u,f,d,g,v,y){z._lock||Bt&&i!=null&&i.movementX==0&&i.movementY==0||(El(i,u,f,d,g,v,y,!1,i!=null),i!=null?an(null,!0,!0):an(u,!0,!1))}function El(i,u,f,d,g,v,y,M,A){if(jt==null&&to(!1),ln(i),i!=null)f=i.clientX-jt.left,d=i.clientY-jt.top;else{if(f<0||d<0){ge=-10,ye=-10;return}let[$,R]=Te.scales,N=u.cursor.sync,[K,se]=N.values,[le,X]=N.scales,[G,I]=Te.match,we=u.axes[0].side%2==1,Se=P.ori==0?J:O,Ve=P.ori==1?J:O,fe=we?v:g,Me=we?g:v,ot=we?d:f,je=we?f:d;if(le!=null?f=G($,le)?a(K,S[$],Se,0):-10:f=Se*(ot/fe),X!=null?d=I(R,X)?a(se,S[R],Ve,0):-10:d=Ve*(je/Me),P.ori==1){let mt=f;f=d,d=mt}}A&&(u==null||u.cursor.event.type==jl)&&((f<=1||f>=J-1)&&(f=pn(f,J)),(d<=1||d>=O-1)&&(d=pn(d,O))),M?(Br=f,Ur=d,[Dn,Rn]=z.move(o,f,d)):(ge=f,ye=d)}let Pl={width:0,height:0,left:0,top:0};function Cl(){Co(Pl,!1)}let Qr,Zr,Xr,es;function ts(i,u,f,d,g,v,y){Bt=!0,Ne=ze=He._x=He._y=!1,El(i,u,f,d,g,v,y,!0,!1),i!=null&&(Ge(Yl,Xl,ns,!1),no(Ns,o,Dn,Rn,J,O,null));let{left:M,top:A,width:$,height:R}=_e;Qr=M,Zr=A,Xr=$,es=R}function ns(i,u,f,d,g,v,y){Bt=He._x=He._y=!1,El(i,u,f,d,g,v,y,!1,!0);let{left:M,top:A,width:$,height:R}=_e,N=$>0||R>0,K=Qr!=M||Zr!=A||Xr!=$||es!=R;if(N&&K&&Co(_e),He.setScale&&N&&K){let se=M,le=$,X=A,G=R;if(P.ori==1&&(se=A,le=R,X=M,G=$),Ne&&Ut(F,$t(se,F),$t(se+le,F)),ze)for(let I in S){let we=S[I];I!=F&&we.from==null&&we.min!=pe&&Ut(I,$t(X+G,I),$t(X,I))}Cl()}else z.lock&&(z._lock=!z._lock,an(u,!0,i!=null));i!=null&&(bn(Yl,Xl),no(Yl,o,ge,ye,J,O,null))}function Pu(i,u,f,d,g,v,y){if(z._lock)return;ln(i);let M=Bt;if(Bt){let A=!0,$=!0,R=10,N,K;P.ori==0?(N=Ne,K=ze):(N=ze,K=Ne),N&&K&&(A=ge<=R||ge>=J-R,$=ye<=R||ye>=O-R),N&&A&&(ge=ge<Dn?0:J),K&&$&&(ye=ye<Rn?0:O),an(null,!0,!0),Bt=!1}ge=-10,ye=-10,ce.fill(null),an(null,!0,!0),M&&(Bt=M)}function os(i,u,f,d,g,v,y){z._lock||(ln(i),pl(),Cl(),i!=null&&no(Vs,o,ge,ye,J,O,null))}function ls(){L.forEach(If),fl(o.width,o.height,!0)}mn(Bo,Vn,ls);let Nn={};Nn.mousedown=ts,Nn.mousemove=Jr,Nn.mouseup=ns,Nn.dblclick=os,Nn.setSeries=(i,u,f,d)=>{let g=Te.match[2];f=g(o,u,f),f!=-1&&Lt(f,d,!0,!1)},Ue&&(Ge(Ns,k,ts),Ge(jl,k,Jr),Ge(zs,k,i=>{ln(i),to(!1)}),Ge(Is,k,Pu),Ge(Vs,k,os),ir.add(o),o.syncRect=to);let Lo=o.hooks=e.hooks||{};function Ie(i,u,f){kl?Zn.push([i,u,f]):i in Lo&&Lo[i].forEach(d=>{d.call(null,o,u,f)})}(e.plugins||[]).forEach(i=>{for(let u in i.hooks)Lo[u]=(Lo[u]||[]).concat(i.hooks[u])});let rs=(i,u,f)=>f,Te=Ee({key:null,setSeries:!1,filters:{pub:Qs,sub:Qs},scales:[F,b[1]?b[1].scale:null],match:[Zs,Zs,rs],values:[null,null]},z.sync);Te.match.length==2&&Te.match.push(rs),z.sync=Te;let ss=Te.key,Ll=Yi(ss);function no(i,u,f,d,g,v,y){Te.filters.pub(i,u,f,d,g,v,y)&&Ll.pub(i,u,f,d,g,v,y)}Ll.sub(o);function Cu(i,u,f,d,g,v,y){Te.filters.sub(i,u,f,d,g,v,y)&&Nn[i](null,u,f,d,g,v,y)}o.pub=Cu;function Lu(){Ll.unsub(o),ir.delete(o),Xt.clear(),nr(Bo,Vn,ls),p.remove(),ae?.remove(),Ie("destroy")}o.destroy=Lu;function $l(){Ie("init",e,t),Or(t||e.data,!1),W[F]?Sl(F,W[F]):pl(),So=_e.show&&(_e.width>0||_e.height>0),on=dt=!0,fl(e.width,e.height)}return b.forEach(Rr),L.forEach(uu),n?n instanceof HTMLElement?(n.appendChild(p),$l()):n(o,$l):$l(),o}qe.assign=Ee;qe.fmtNum=hr;qe.rangeNum=Uo;qe.rangeLog=Yo;qe.rangeAsinh=pr;qe.orient=_n;qe.pxRatio=ie;qe.join=Pc;qe.fmtDate=gr,qe.tzDate=Vc;qe.sync=Yi;{qe.addGap=kf,qe.clipGaps=Qo;let e=qe.paths={points:ea};e.linear=na,e.stepped=Tf,e.bars=Af,e.spline=Pf}var sa="\u2212";function ee(e){if(e==null)return"none";if(e===0)return"0";let t=Math.abs(e),n=t>=1e-4&&t<1e6?String(Number(t.toPrecision(6))):t.toExponential(5);return e<0?sa+n:n}function ia(e){return ee(Number(e.toPrecision(3))).replace(/0+e/,"e").replace(/\.e/,"e")}function wn(e){let t=Math.abs(e).toFixed(2);return Number(t)===0?t:(e<0?sa:"+")+t}function ut(e){return e<0?`(${ee(e)})`:ee(e)}function aa(e){let{curves:t}=e;return x("figure",{class:"chart"},x("figcaption",{title:t.what},x("b",null,t.name),x("p",null,t.what)),x(Wf,e),x("details",null,x("summary",null,"numbers"),Gf(t)))}var Vf=132;function Wf({curves:e,colours:t,onStep:n}){let o=ao(null),l=ao(n);return l.current=n,Ft(()=>{let r=o.current;if(r===null)return;let s=()=>{let m=new qe(qf(e,t,r),Hf(e),r);return m.over.addEventListener("click",()=>{let _=e.steps[m.cursor.idx??-1];_!==void 0&&l.current(_)}),m},a=s(),c=()=>{a.destroy(),a=s()},p=matchMedia("(prefers-color-scheme: dark)");p.addEventListener("change",c);let h=new ResizeObserver(()=>{Math.abs(a.width-r.clientWidth)>1&&c()});return h.observe(r),()=>{p.removeEventListener("change",c),h.disconnect(),a.destroy()}},[e,t]),x("div",{class:"plot",ref:o,"aria-hidden":"true"})}function Hf({steps:e,curves:t}){return[[...e],...t.flatMap(({mean:n,low:o,high:l})=>[[...l],[...o],[...n]])]}function qf({curves:e},t,n){let o=getComputedStyle(n),l=s=>o.getPropertyValue(`--series-${t.get(s)??0}`).trim(),r={stroke:o.getPropertyValue("--faint").trim(),grid:{stroke:o.getPropertyValue("--line").trim(),width:1},ticks:{show:!1},font:"11px system-ui, sans-serif"};return{width:n.clientWidth,height:Vf,scales:{x:{time:!1},y:{range:Bf}},axes:[{...r,size:22,space:60},{...r,size:52,space:28,values:(s,a)=>a.map(ia)}],legend:{show:!1},cursor:{sync:{key:"step"},y:!1,points:{size:6}},series:[{},...e.flatMap(({series:s,runs:a})=>[{width:0,points:{show:!1},auto:a>2},{width:0,points:{show:!1},auto:a>2},{stroke:l(s),width:1.5,points:{size:4},spanGaps:!0}])],bands:e.map(({series:s},a)=>({series:[3*a+1,3*a+2],fill:`color-mix(in srgb, ${l(s)} 18%, transparent)`})),hooks:{setCursor:[s=>Uf(s,e.map(a=>a.series))]}}}function Bf(e,t,n){if(t===null||n===null)return[0,1];let o=t===n?Math.max(.5,Math.abs(t)):.08*(n-t);return[t-o,n+o]}function Uf(e,t){let n=e.root.closest("figure"),o=n?.querySelector("figcaption p");if(o==null)return;let l=e.cursor.idx,r=l==null?n?.querySelector("figcaption")?.getAttribute("title")??"":[`step ${e.data[0][l]}`,...t.map((s,a)=>{let c=e.data[3*a+3]?.[l];return t.length===1?ee(c):`${s} ${ee(c)}`})].join(" \xB7 ");o.textContent=r}function Gf({steps:e,curves:t}){return x("div",{class:"scroll"},x("table",{class:"numbers"},x("thead",null,x("tr",null,x("th",null,"step"),t.map(({series:n})=>x("th",null,n)))),x("tbody",null,e.map((n,o)=>x("tr",null,x("th",{scope:"row"},n),t.map(({mean:l,low:r,high:s})=>{let a=r[o]===null||r[o]===void 0?"":` [${ee(r[o])}, ${ee(s[o])}]`;return x("td",null,ee(l[o])+a)}))))))}var tl={step:"number of the step, counted from 1",updates:"optimiser updates applied so far; a skipped update does not count",skipped:"1 where an update was skipped, with what was left of the step, because a number was not finite or no episode was left, else 0",episodes:"episodes that were trained on",droppedEpisodes:"episodes lost to a crash of the environment, or given up (waitForShare)",droppedGroups:"questions left with fewer than two episodes",f1:"mean F1 of the sampled answers, 0 without a well-formed one",em:"share of episodes whose sampled answer matches a gold one exactly",outcome:"mean outcome reward r^O: F1, or the format penalty",invalidRate:"share of episodes without a well-formed answer",turns:"mean number of assistant messages an episode, T",toolCalls:"tool calls of all episodes",toolFailures:"tool calls that gave no result, the sum of the next eleven",unknownTools:"tool calls that named no tool there is",badArguments:"tool calls whose arguments the tool refused",missedDeadlines:"tool calls that took longer than the deadline",crashedTools:"tool calls in which the tool broke",unreachableSearches:"tool calls whose search engine could not be reached",busySearches:"tool calls whose search engine had too much to do, after the last try",refusedSearches:"tool calls whose search engine refused them",malformedSearches:"tool calls whose search engine answered something else",largeSearches:"tool calls whose search engine answered too much",lateSearches:"tool calls whose search engine answered too late",spentSearches:"tool calls that were not made as the budget was spent",firstBelief:"mean over episodes of ell_0: mean log-prob of a gold token before the first turn, nats; null without gains",lastBelief:"the same of ell_{T-1}, before the last turn; null without gains",gain:"mu_IG: mean of g_t = V_t - V_{t-1} over all turns but each episode's last; null without gains",gainStd:"standard deviation of those g_t, with ddof 0; null without gains",gainByTurn:"mean of g_t over the episodes that have turn t, [0] the first turn; empty without gains",turnsGainCorrelation:"Pearson correlation, over episodes of two turns or more, of T and the episode's mean g_t; 0 when either is constant; null without gains",advantageByTurn:"mean advantage of turn t over the episodes that have it, [0] the first turn",searchAdvantage:"mean advantage of the turns that called a tool; 0 where none did",answerAdvantage:"mean advantage of the turns that answered; 0 where none did",zeroOutcomeGroups:"share of groups whose outcomes are all equal",zeroAdvantageGroups:"share of groups whose advantages are all 0",learningRate:"learning rate of the step's updates",loss:"policyLoss + klLoss + entropyLoss",policyLoss:"sum of weight times clipped surrogate loss over trained tokens, mean over the step's updates",klLoss:"KL coefficient times the weighted sum of the KL estimates, mean over updates",entropyLoss:"minus the entropy coefficient times the weighted sum of the entropies, mean over updates",gradientNorm:"L2 norm of the gradient before clipping, mean over updates; 0 where none was applied",ppoKl:"mean over trained tokens, of all updates, of minus the log-ratio, nats: how far the updates before moved the policy",clipFraction:"share of trained tokens, of all updates, whose ratio was clipped at either end",clipFractionByTurn:"the same over the tokens of turn t, [0] the first turn",dualClipFraction:"share of trained tokens, of all updates, whose loss the dual clip bounded",kl:"weighted mean of the KL estimate from the reference policy, nats a trained token, over all updates; 0 without one",entropy:"mean entropy of the sampling distribution a trained token, nats, before the first update",logProbGap:"largest distance between the trainer's log-prob of a trained token, before the first update, and the sampler's, nats",replacedLogProbs:"sequences whose logProbGap is above 0.01: the trainer's log-probs stand for the sampler's",trainedTokens:"tokens that were sampled and trained",generatedTokens:"tokens that were sampled",scoredTokens:"probe tokens computed to score beliefs",batchTokens:"tokens of all sequences of the batch",rolloutSeconds:"time in rollouts",scoreSeconds:"time in scoring beliefs",updateSeconds:"time in gradients and updates",seconds:"time of the whole step",rolloutTokensPerSecond:"generatedTokens / rolloutSeconds",scoreTokensPerSecond:"scoredTokens / scoreSeconds",updateTokensPerSecond:"batchTokens / updateSeconds, however often the updates go through them"};function Yn(e){let t=0,n=0;for(let o of e){let l=t+o;n+=Math.abs(t)>=Math.abs(o)?t-l+o:o-l+t,t=l}return t+(Number.isFinite(n)?n:0)}function ct(e){return e.length===0?0:Yn(e)/e.length}function kr(e,t){if(e.length<=t||nl(e))return 0;let n=ct(e);return Yn(e.map(o=>(o-n)**2))/(e.length-t)}function ua(e,t){return Math.sqrt(kr(e,t))}function nl(e){return e.every(t=>t===e[0])}function Sr(e,t){if(e<.5)return-Sr(1-e,t);let[n,o]=[0,1];for(;ca(o,t)<e;)o*=2;for(;o-n>1e-10*Math.max(1,o);){let l=(n+o)/2;ca(l,t)<e?n=l:o=l}return(n+o)/2}function ca(e,t){let n=Math.atan(e/Math.sqrt(t)),[o,l]=[Math.sin(n),Math.cos(n)**2],r=t%2===1,s=1,a=t===1?0:1;for(let p=r?2:1;p<t-2;p+=2)s*=l*p/(p+1),a+=s;return .5+(r?2/Math.PI*(n+o*Math.cos(n)*a):o*a)/2}function fa(e){let t=e.length;if(t<2)return null;let n=Sr(.975,t-1)*ua(e,1)/Math.sqrt(t);return[ct(e)-n,ct(e)+n]}var jf=["gainByTurn","advantageByTurn","clipFractionByTurn"],pa=Object.keys(tl).filter(e=>e!=="step"&&!jf.includes(e));function da(e,t){let n=e.map(a=>({run:a,values:Yf(a,t)})),o=[...new Set(n.flatMap(({values:a})=>[...a.keys()]))].sort((a,c)=>a-c);if(o.length===0)return null;let l=[...Map.groupBy(n,({run:a})=>a.series)].map(([a,c])=>{let p=o.map(m=>Float64Array.from(c.flatMap(({values:_})=>_.has(m)?[_.get(m)]:[]))),h=p.map(m=>m.length<2?null:fa(m));return{series:a,runs:c.length,mean:p.map(m=>m.length===0?null:ct(m)),low:h.map(m=>m?.[0]??null),high:h.map(m=>m?.[1]??null)}}),s=(a=>a in tl)(t)?tl[t]:"mean F1 of one greedy answer a question";return{name:t,what:s,steps:o,curves:l}}function Yf(e,t){let n=/ f1$/.test(t)?t.slice(0,-3):null,o=n===null?e.metrics.map(l=>[l.step,l[t]]):e.evaluations.filter(l=>l.split===n).map(l=>[l.step,l.f1]);return new Map(o.filter(l=>typeof l[1]=="number"))}function ha(e){return[...new Set(e.flatMap(({evaluations:t})=>t.map(({split:n})=>n)))].sort()}var Kf=["f1","invalidRate","turns","gain","lastBelief","searchAdvantage","answerAdvantage","zeroAdvantageGroups","entropy","ppoKl","gradientNorm"];function ma({runs:e,colours:t,onStep:n}){let[o,l]=et("first"),r=_t(()=>[...ha(e).map(c=>`${c} f1`),...o==="all"?pa:Kf].map(c=>da(e,c)).filter(c=>c!==null),[e,o]);return r.length===0?x("p",{class:"empty"},"No step is finished yet: there are no curves to show"):x("section",{"aria-label":"Curves"},x("div",{class:"bar"},Qf(o,l),x("span",{class:"faint"},Jf)),x("div",{class:"charts"},r.map(s=>x(aa,{key:s.name,curves:s,colours:t,onStep:n}))))}var Jf="Bands: 95 % over seeds. A click opens the episodes of a step.";function Qf(e,t){let n=e==="all";return x("label",{class:"choice"},x("input",{type:"checkbox",checked:n,onChange:()=>t(n?"first":"all")}),x("span",null,"all metrics"))}function Zt({label:e,value:t,options:n,onChoose:o}){return x("label",{class:"choice"},x("span",null,e),x("select",{value:t,onChange:l=>o(l.target.value)},n.map(l=>x("option",{value:l.value,selected:l.value===t},l.text))))}function Mr(e,t){if(e===null||e===0||t===0)return{class:"",style:{}};let n=Math.min(1,Math.abs(e)/t);return{class:e>0?"up":"down",style:{"--strength":`${(100*n).toFixed(1)}%`}}}function ol({name:e,value:t,largest:n}){if(t===null)return null;let{class:o,style:l}=Mr(t,n);return x("span",{class:`chip ${o}`,style:l},x("span",{class:"faint"},`${e} `),wn(t))}function ll(e){return e.length===0?null:x("ul",{class:"notes",role:"status"},e.map(t=>x("li",null,t)))}function ga(e,t,n){let o=e.length;if(o===1&&t.singleton==="raw")return{centre:0,stretch:1,divisor:wo(e,t)};let l=t.divideBy==="batch"?n:e;if(t.centre==="zero")return{centre:0,stretch:1,divisor:wo(l,t)};let r=ct(e);if(o<=1||nl(e))return{centre:r,stretch:1,divisor:0};let s=t.centre==="leave-one-out"?o/(o-1):1;return{centre:r,stretch:s,divisor:wo(l,t)}}function _a(e,{centre:t,stretch:n,divisor:o}){return e.map(l=>o===0?0:n*(l-t)/o)}function wo(e,t){if(t.divideBy==="none")return 1;if(t.centre==="zero"){let n=ct(e.map(o=>o*o));return Math.sqrt(n+t.varianceFloor)+t.eps}return e.length===1?Math.fround(1+t.eps):Math.sqrt(kr(e,t.ddof)+t.varianceFloor)+t.eps}var Zf=.3,Xf=10,ep=1e-6;function wa(e){let t=e.map(l=>Math.abs(l[l.length-1])),n=e.flatMap(l=>[...l.subarray(0,l.length-1)].map(Math.abs));if(n.length===0)return 1;let o=Math.max(Zf,Yn(t)/t.length);return Math.min(Xf,o/(Yn(n)/n.length+ep))}var Tr=1e-8;function va(e,t){let n=Ar(e,t,()=>1);if(n<=1)return e.map(s=>new Float64Array(s.length));let o=Ar(e,t,s=>s)/(n+Tr),l=Ar(e,t,s=>(s-o)**2)/(n+Tr),r=Math.sqrt(l*n/(n-1)+Tr);return e.map(s=>s.map(a=>(a-o)/r))}function xa(e){let t=Math.max(0,...e.map(o=>o.length)),n=new Float64Array(t);for(let o of e)o.forEach((l,r)=>n[r]+=l);return e.map(o=>o.map((l,r)=>l-n[r]/e.length))}function ba(e,t){let n=Float64Array.from(e,r=>r[0]??0),o=ct(n),l=wo(n,t);return e.map(r=>r.map(s=>l===0?0:(s-o)/l))}function Ar(e,t,n){return Yn(e.flatMap((o,l)=>Array.from(o,(r,s)=>t[l][s]*n(r))))}function ya(e,t){return ct(e.map(n=>Math.max(n,t??-1/0)))}function vo(e,t){return t==="prob"?Math.exp(e):e}function ka(e,t,n){let o=vo(e.at(-1),n);return t.map(l=>o-vo(l,n))}function Sa(e,t){if(t==="all")return e;if(t==="positive")return e.map(o=>Math.max(0,o));let n=0;return e.map(o=>{let l=o-n;return n=Math.max(0,-l),Math.max(0,l)})}function Ma(e,t){let n=e.map(o=>vo(o,t));return Float64Array.from({length:Math.max(0,e.length-1)},(o,l)=>n[l+1]-n[l])}function Er(e,t){let n=new Float64Array(e.length),o=0;for(let l=e.length-1;l>=0;l--)o=e[l]+t*o,n[l]=o;return n}function Ta(e,{gamma:t,alpha:n}){let o=e.length-1,l=e[o]??0,r=Er(e.subarray(0,Math.max(0,o)),t);return e.map((s,a)=>a===o?l:n*r[a]/Math.sqrt(o-a)+l)}function Aa(e,{alpha:t}){let n=e.length-1,o=e[n]??0;return e.map((l,r)=>r===n?o:t*l+o)}function Ea(e,t){return e.map((n,o)=>o===e.length-1?1:1+t*Math.tanh(n/2))}function Ca(e,t){let n=xo(e,h=>np(h,t)),o=Pa(n,t,"before"),l=op(o,t),r=o.map((h,m)=>lp(h,l[m])),s=Pa(up(e,ip(r,t),t),t,"after"),a=xo(s,h=>cp(h,t)),c=xo(r,h=>Ea(h,t.clip.adaptive)),p=tp(e,{credit:a,scales:c},t);return{rewards:o,pools:l,normalised:r,weighed:s,credit:a,advantages:p}}function tp(e,{credit:t,scales:n},o){if(o.credit.baseline==="position")return dp(e,t,n);let l=o.credit.baseline==="start"?t.map(r=>ba(r,o.pool)):t;return pp(o.credit.whiten?fp(e,l):l,n)}function np(e,{gain:t}){let n=t.measure==="none"?e.gain.map(()=>0):Sa(e.gain,t.keep),o=Float64Array.of(...n,e.outcome);if(t.malformedTurn===null)return o;let l=t.malformedTurn;return o.map((r,s)=>e.malformed[s]?l:r)}function Pa(e,{weights:t},n){return t.apply!==n?e:xo(e,o=>o.map((l,r)=>l*(rl(o,r)?t.outcome:t.gain)))}function op(e,t){let n=e.map(l=>sp(l,t)),o=new Map;for(let l of["gain","outcome","both"]){let r=n.flat().filter(s=>s.kind===l);o.set(l,Float64Array.from(r.flatMap(s=>[...s.values])))}return n.map(l=>l.map(r=>{let s={...t.pool,centre:rp(r.kind,t.pool)};return{...r,...ga(r.values,s,o.get(r.kind))}}))}function lp(e,t){let n=e.map(o=>o.slice());for(let o of t){let l=_a(o.values,o);o.places.forEach(({episode:r,turn:s},a)=>n[r][s]=l[a])}return n}function rp(e,{centre:t,gainCentre:n}){return e==="gain"&&n==="zero"?"zero":t}function sp(e,{gain:t,pool:n}){let o=e.flatMap((a,c)=>[...a.keys()].map(p=>({episode:c,turn:p}))),l=o.filter(({episode:a,turn:c})=>rl(e[a],c)),r=t.measure==="none"?[]:o.filter(a=>!l.includes(a)),s=(a,c)=>({kind:a,places:c,values:Float64Array.from(c,({episode:p,turn:h})=>e[p][h])});switch(n.members){case"separate":return[s("gain",r),s("outcome",l)];case"joint":return[s("both",[...r,...l])];case"turn":return[...[...new Set(r.map(({turn:p})=>p))].map(p=>s("gain",r.filter(h=>h.turn===p))),s("outcome",l)];case"none":return[];default:return n.members}}function ip(e,{gainScale:t}){if(t==="none")return e;let n=wa(e.flat());return xo(e,o=>o.map((l,r)=>rl(o,r)?l:l*n))}function ap(e){return e.every(({outcome:t})=>t===e[0].outcome)}function up(e,t,{weights:n}){if(n.fade==="never")return t;let o=e.map(ap),l=o.filter(r=>r).length/o.length;return t.map((r,s)=>{let a=n.fade==="batch"?l:Number(o[s]);return r.map(c=>c.map((p,h)=>rl(c,h)?p:p*a))})}function cp(e,{credit:t}){switch(t.rule){case"return":return Er(e,t.gamma);case"rescaled":return Ta(e,t);case"own":return Aa(e,t);default:return t.rule}}function fp(e,t){let n=e.flat().map(o=>o.sampledTokens);return gp(e,va(t.flat(),n))}function pp(e,t){return e.map((n,o)=>n.map((l,r)=>({turn:l,clipScale:t[o][r],position:null})))}function dp(e,t,n){return e.map((o,l)=>{let r=o.map(({turnTokens:s},a)=>hp(t[l][a],s));return xa(r).map((s,a)=>({turn:mp(s,o[a].turnTokens),clipScale:n[l][a],position:s}))})}function hp(e,t){return Float64Array.from([...e].flatMap((n,o)=>new Array(t[o]).fill(n)))}function mp(e,t){let n=0;return Float64Array.from(t,o=>{let l=e.subarray(n,n+=o);return o===0?0:l.reduce((r,s)=>r+s,0)/o})}function rl(e,t){return t===e.length-1}function xo(e,t){return e.map(n=>n.map(t))}function gp(e,t){let n=0;return e.map(o=>o.map(()=>t[n++]))}function La(e,t,n={}){let o=Float64Array.from(e),l=n.tokens??o.reduce((a,c)=>a+c,0),r=n.sequences??o.filter(a=>a>0).length,s=n.length??o.reduce((a,c)=>Math.max(a,c),0);return o.map(a=>a===0?0:_p(a,t,{tokens:l,sequences:r,length:s}))}function _p(e,t,n){switch(t){case"token-mean":return 1/n.tokens;case"seq-mean-token-mean":return 1/(n.sequences*e);case"seq-mean-token-sum":return 1/n.sequences;case"seq-mean-token-sum-norm":return 1/n.length;default:return t}}var wp=/[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/,$a=/[!-/:-@[-`{-~]/g;function Pr(e){return e.replace($a," ").split(wp).filter(t=>t!=="")}function Cr(e){return Pr(e).join(" ")}function vp(e,t,n){let o=Da(e.toLowerCase(),n),l=Cr(e.toLowerCase()),r=t.map(s=>xp(o,Da(s.toLowerCase(),n)));return{f1:Math.max(0,...r),em:t.some(s=>Cr(s.toLowerCase())===l)}}function Fa(e,t,n){if(e===null)return n.formatPenalty;let o=vp(e,n.golds==="first"?t.slice(0,1):t,n.tokens);return n.metric==="f1"?o.f1:Number(o.em)}function Da(e,t){let n=new Map;for(let o of Pr(e))n.set(o,t==="set"?1:(n.get(o)??0)+1);return n}function xp(e,t){let n=0;for(let[r,s]of e)n+=Math.min(s,t.get(r)??0);if(n===0)return 0;let o=n/Ra(e),l=n/Ra(t);return 2*(o*l)/(o+l)}function Ra(e){let t=0;for(let n of e.values())t+=n;return t}var bp={golds:"first",logProbFloor:null,scorer:"policy"};function Oa(e,t,{preset:n,contextTokens:o}){let r=e.filter(({dropped:m,turns:_})=>m===null&&_.length>0).map(m=>yp(m,t,n?.gain??bp)),s=r.find(m=>typeof m=="string");if(typeof s=="string")return s;let a=r.filter(m=>typeof m!="string"),c=Mp(a,t,o),p=[...Map.groupBy(a.map((m,_)=>({...m,lossWeight:c[_]})),({record:m})=>m.group).values()],h=Ca(p.map(m=>m.map(_=>_.rewards)),t);return{preset:t,groups:p,stages:h}}function yp(e,t,n){let{turns:o,answer:l,question:r,environmentOutcome:s,id:a}=e;if((t.credit.whiten||t.credit.baseline==="position")&&o.some(({tokens:_,sampled:w})=>_===null||w===null))return`Preset ${t.name} needs numbers of tokens, which are not known of episode ${a}`;if(s===null&&r.golds.length===0)return`Preset ${t.name} needs an outcome, and episode ${a} has neither a gold answer nor one`;let p=kp(e,t,n);if(typeof p=="string")return p;let h=Sp(e,p,t);if(typeof h=="string")return h;let m={gain:h,outcome:s??Fa(l,r.golds,t.outcome),malformed:o.map(({action:_})=>_==="malformed"),turnTokens:o.map(({tokens:_})=>_??0),sampledTokens:o.map(({sampled:_})=>_??0)};return{record:e,belief:p,rewards:m}}function kp({id:e,turns:t,goldLogProb:n,question:{golds:o}},{name:l,gain:r},s){if(r.measure==="none")return new Float64Array(0);let a=o.length===1||r.golds==="first"&&s.golds==="first";if(!a&&r.golds!==s.golds)return`Preset ${l} believes in other gold answers than those whose beliefs were measured`;if(r.scorer!==s.scorer)return`Preset ${l} asks the weights of another moment for beliefs than those that were asked`;let c=t.map(({belief:h})=>h).filter(h=>h!==null);if(c.length<t.length)return`Preset ${l} needs the belief before each turn, which was not measured in episode ${e}`;if(r.logProbFloor===s.logProbFloor)return Float64Array.from(c);let p=n.map(h=>h.filter(m=>m!==null));return!a||p.length<t.length?`Preset ${l} needs the log-probs of all gold tokens, which were not kept of episode ${e}`:Float64Array.from(p,h=>ya(Float64Array.from(h),r.logProbFloor))}function Sp({id:e,turns:t},n,{name:o,gain:{measure:l,against:r}}){if(l==="none")return new Float64Array(t.length-1);if(r==="before")return Ma(n,l);let s=t.slice(0,-1).map(a=>a.without).filter(a=>a!==null);return s.length<t.length-1?`Preset ${o} needs beliefs without each turn, which were not measured in episode ${e}`:ka(n,Float64Array.from(s),l)}function Mp(e,{aggregation:t},n){let o=new Float64Array(e.length),l=e.map((r,s)=>({i:s,update:r.record.miniBatch}));for(let r of Map.groupBy(l,({update:s})=>s).values()){let s=r.map(({i:a})=>bo(e[a].rewards));La(s,t,{length:n}).forEach((a,c)=>{o[r[c].i]=a})}return o}function bo({sampledTokens:e}){return e.reduce((t,n)=>t+n,0)}function sl(e,t,n){if(n===null)return new Map(e.map(({id:r,turns:s})=>[r,s.map(a=>a[t])]));let{groups:o,stages:l}=n;return new Map(o.flatMap((r,s)=>r.map(({record:a,rewards:c},p)=>{let h=n.preset.gain.measure==="none"?[]:[...c.gain],m=t==="gain"?a.turns.map((_,w)=>h[w]??null):t==="normalised"?[...l.normalised[s][p]]:[...l.advantages[s][p].turn];return[a.id,m]})))}function il(e){let t=0;for(let n of e.values())for(let o of n)t=Math.max(t,Math.abs(o??0));return t}function Na(e){let t=ao(null),[n,o]=et("far");Ft(()=>{if(t.current===null||n==="near")return;let s=new IntersectionObserver(a=>a.some(c=>c.isIntersecting)&&o("near"),{rootMargin:"800px"});return s.observe(t.current),()=>s.disconnect()},[n]);let{question:l}=e.records[0],r=n==="near"?null:{style:{minHeight:`${Tp(e.records)}px`}};return x("article",{class:"group",ref:t,...r},x("h3",null,l.text),x("p",{class:"faint"},`gold: ${l.golds.join(" | ")||"none"} \xB7 ${l.kind}`),n==="near"?Ap(e):null)}function Tp(e){return 90+28*e.length}function Ap(e){let{records:t}=e,n=Math.max(1,...t.map(({turns:r})=>r.length)),o=Array.from({length:n},(r,s)=>x("th",{scope:"col"},s+1));return[t.every(({dropped:r})=>r!==null)?x("p",{class:"lost"},"This group was dropped: too few of its episodes were left"):null,x("div",{class:"scroll"},x("table",{class:"matrix",onKeyDown:Cp},x("caption",{class:"hidden"},`Rollouts by turns: ${t[0].question.text}`),x("thead",null,x("tr",null,x("th",{scope:"col"},x("span",{class:"hidden"},"rollout")),o,x("th",{scope:"col"},"outcome"))),x("tbody",null,t.map(r=>Ep(r,{...e,width:n})))))]}function Ep(e,t){let{id:n,sample:o,dropped:l,outcome:r,turns:s}=e,{selected:a,width:c}=t,p=x("th",{scope:"row"},`#${o}`);if(l!==null)return x("tr",{key:n},p,x("td",{class:"lost",colSpan:c+1},l));let h=a.episode===n,m=c-s.length;return x("tr",{key:n,class:h?"open":""},p,s.map((_,w)=>Pp(e,w,t)),m>0?x("td",{colSpan:m}):null,x("td",{class:"outcome"},r===null?"none":ee(Number(r.toFixed(3)))))}function Pp({id:e,sample:t,turns:n},o,{values:l,largest:r,selected:s,onSelect:a}){let c=l.get(e)?.[o]??null,{action:p}=n[o],{class:h,style:m}=Mr(c,r),_=s.episode===e&&s.turn===o,w=c===null?p:wn(c);return x("td",null,x("button",{type:"button",class:`cell ${h} ${p} ${c===null?"word":""}`,style:m,"aria-current":_?"true":void 0,"aria-label":`rollout ${t}, turn ${o+1}, ${p}: ${ee(c)}`,onClick:()=>a(e,o)},w))}function Cp(e){let n={ArrowLeft:[0,-1],ArrowRight:[0,1],ArrowUp:[-1,0],ArrowDown:[1,0]}[e.key],o=e.target.closest("td"),l=o?.closest("table");if(n===void 0||!o||!l)return;let r=o.parentElement.rowIndex+n[0],s=l.rows[r]?.cells[o.cellIndex+n[1]]?.querySelector("button");s!=null&&(e.preventDefault(),s.focus())}var al=["gain","normalised","advantage"];function ul(e){let t=new URLSearchParams(e.replace(/^#/,"")),n=o=>{let l=t.get(o)??"";return/^\d{1,9}$/.test(l)?Number(l):null};return{view:t.get("view")==="episodes"?"episodes":"curves",run:n("run")??0,step:n("step"),episode:t.get("episode"),turn:n("turn")??0,by:al.find(o=>o===t.get("by"))??"gain",preset:t.get("preset"),besideRun:n("besideRun"),besideStep:n("besideStep")}}function za(e){let t=new URLSearchParams;for(let[n,o]of Object.entries(e))o!==null&&o!==""&&t.set(n,String(o));return`#${t}`}function Ia(e){let{record:t,transcript:n}=e,[o,l]=et(null),r=n??[];return x("article",{class:"transcript"},x("h3",null,t.question.text),x("p",{class:"faint"},Dp(t)),n===null?x("p",{class:"empty"},Lp):null,Rp(r),x("ol",{class:"turns"},t.turns.map((s,a)=>Fp({...e,turn:s,t:a,tell:l,parts:r.filter(c=>c.turn===a)}))),x("p",{class:"told","aria-live":"polite"},o??$p))}var Lp="There was no room to keep this transcript; its numbers are all here",$p="Point at a token, or focus a message and press the left and right arrow keys";function Dp({question:e,answer:t,ending:n,outcome:o,f1:l,seconds:r,sample:s}){return[`rollout #${s}`,n,t===null?"no answer":`answer: ${t}`,`gold: ${e.golds.join(" | ")||"none"}`,`outcome ${ee(o)}`,l===null?null:`F1 ${ee(Number(l.toFixed(3)))}`,r===null?null:`messages ${Lr(r.generate)}, tools ${Lr(r.tools)}`].filter(a=>a!==null).join(" \xB7 ")}function Rp(e){let t=e.filter(({turn:n})=>n<0);return t.length===0?null:x("details",{class:"prompt"},x("summary",null,"prompt, not trained on"),t.map(({text:n})=>x("pre",null,n)))}function Lr(e){return e<1?`${(1e3*e).toFixed(1)} ms`:`${e.toFixed(2)} s`}function Fp(e){let{record:t,turn:n,t:o,parts:l,gains:r,advantages:s,largest:a,onTurn:c,tell:p}=e;return x("li",{class:"turn"},Np(t,o),x("div",{class:"said"},x("div",{class:"worth"},x("b",null,`turn ${o+1}`),ol({name:"gain",value:r[o]??null,largest:a.gain}),ol({name:"advantage",value:s[o]??null,largest:a.advantage}),Object.entries(n.credits??{}).map(([h,m])=>ol({name:h,value:m,largest:a.gain})),Op(n)?x("span",{class:"lost"},"uncertain: credits differ in sign"):null,x("button",{type:"button",class:"why",onClick:()=>c(o)},"why this number")),Ip(l).map(h=>Vp(h,p))))}function Op({gain:e,credits:t={}}){let n=[e,...Object.values(t)].filter(o=>o!==null).map(Math.sign);return n.includes(1)&&n.includes(-1)}function Np({turns:e},t){let n=e.map(({belief:p})=>p).filter(p=>p!==null),o=e[t].belief;if(o===null)return x("div",{class:"margin"});let l=e[t+1]?.belief??null,r=Math.min(...n),s=Math.max(...n),a=p=>s===r?50:6+88*(p-r)/(s-r),c={x1:a(o),y1:0,x2:a(l??o),y2:100};return x("div",{class:"margin"},x("span",{class:"belief"},x("span",null,"belief"),o.toFixed(2).replace("-","\u2212")),x("div",{class:"path","aria-hidden":"true"},l===null?null:x("svg",{viewBox:"0 0 100 100",preserveAspectRatio:"none"},x("line",{...c,"vector-effect":"non-scaling-stroke"})),x("span",{class:"dot",style:{left:`${a(o)}%`}})))}var zp={prompt:"prompt",think:"think",call:"call",result:"result",answer:"answer",other:"message"};function Ip(e){let t=[];for(let n of e){let o=t.at(-1);o?.[0]?.kind===n.kind&&n.kind!=="result"?o.push(n):t.push([n])}return t}function Vp(e,t){let{kind:n,seconds:o,failure:l}=e[0],r=e.reduce((a,{trained:c})=>a+(c?.units.length??0),0),s=[zp[n],o===null?null:Lr(o),l===null?null:`failed: ${l}`,r===0?"not trained on":`${r} tokens trained on`];return x("div",{class:`segment ${n}`},x("div",{class:"kind"},s.filter(a=>a!==null).join(" \xB7 ")),x("div",{class:"text"},e.map(({text:a,trained:c})=>c===null?x("span",{class:"read",title:"mask 0: not trained on"},a):x(Hp,{text:a,trained:c,tell:t}))))}var Wp=4;function Hp({text:e,trained:t,tell:n}){let[o,l]=et(null),{units:r,logProb:s}=t,a=h=>{l(h),n(h===null?null:qp({text:e,trained:t},h))},c=h=>{let m=h.key==="ArrowRight"?1:h.key==="ArrowLeft"?-1:0;m!==0&&(h.preventDefault(),a(Math.max(0,Math.min(r.length-1,(o??(m>0?-1:r.length))+m))))},p=0;return x("pre",{tabIndex:0,onKeyDown:c,onMouseLeave:()=>a(null),onBlur:()=>a(null)},r.map((h,m)=>{let _=Math.min(1,Math.max(0,-(s[m]??0))/Wp);return x("span",{class:m===o?"token here":"token",style:{"--strength":`${(100*_).toFixed(0)}%`},onMouseEnter:()=>a(m)},e.slice(p,p+=h))}))}function qp({text:e,trained:t},n){let{units:o,logProb:l,ratio:r}=t,s=o.slice(0,n).reduce((p,h)=>p+h,0),a=JSON.stringify(e.slice(s,s+o[n])),c=l[n]??null;return[`token ${n+1} of ${o.length}: ${a}`,"mask 1",`log-prob ${ee(c)}`,c===null?null:`probability ${ee(Number(Math.exp(c).toPrecision(4)))}`,r[n]===void 0?"no update was applied":`ratio ${ee(r[n])}`].filter(p=>p!==null).join(" \xB7 ")}function Va(e,t){let{g:n,i:o,t:l}=t,r=e.groups[n][o],s={...t,credit:e,episode:r,isLast:l===r.rewards.malformed.length-1};return[...Bp(s),...Up(s),...Yp(s),...Xp(s),...td(s)]}function Wa(e,t){let o=e.groups.flatMap((l,r)=>l.map(({record:s},a)=>({record:s,g:r,i:a}))).find(({record:l})=>l.id===t);return o===void 0?null:{g:o.g,i:o.i}}function Bp({credit:e,episode:t,t:n,isLast:o}){let{belief:l,record:r}=t,{measure:s,against:a}=e.preset.gain;if(s==="none")return[];let c={name:"belief before",formula:n===0?"mean log-prob of a gold token, from the question alone":`mean log-prob of a gold token after turn ${n}`,value:l[n],recorded:r.turns[n].belief};if(o)return[c];if(a==="without"){let p=l.at(-1),h=r.turns[n].without,m="last belief without this turn",_=`mean log-prob of a gold token; with it ${ee(p)}`;return[c,{name:m,formula:_,value:h,recorded:h}]}return[c,{name:"belief after",formula:`mean log-prob of a gold token after turn ${n+1}`,value:l[n+1],recorded:r.turns[n+1].belief}]}function Up(e){let{credit:t,episode:n,g:o,i:l,t:r,isLast:s}=e,a=s?jp(e):Gp(e),c=t.stages.rewards[o][l][r];if(a===null)return[];if(c===a.value)return[a];let{gain:p,weights:h}=t.preset,m=n.rewards.malformed[r]&&p.malformedTurn!==null,_=h.apply==="before"?s?h.outcome:h.gain:1,w=m?`${ee(p.malformedTurn)}, as the turn is malformed`:s||p.keep==="all"?ee(a.value):p.keep==="positive"?`max(0, ${ee(a.value)})`:"rise of the belief above its best so far",k=_===1?w:`${ee(_)} \xD7 ${w}`;return[a,{name:"reward",formula:k,value:c,recorded:null}]}function Gp({credit:e,episode:t,t:n}){let{measure:o,against:l}=e.preset.gain;if(o==="none")return null;let{belief:r,record:s,rewards:a}=t,c=l==="without",[p,h]=c?[r.at(-1),s.turns[n].without]:[r[n+1],r[n]],m=[p,h].map(k=>vo(k,o)),_=`${ut(m[0])} \u2212 ${ut(m[1])}`;return{name:"gain",formula:o==="prob"?`exp ${ut(p)} \u2212 exp ${ut(h)} = ${_}`:_,value:a.gain[n],recorded:s.turns[n].gain}}function jp({credit:{preset:e},episode:{record:t,rewards:n}}){let{metric:o,golds:l,formatPenalty:r}=e.outcome,s=l==="first"?"the first gold answer":"the best of the gold answers";return{name:"outcome",formula:t.environmentOutcome!==null?"the environment's own grade":t.answer===null?`${ee(r)} without a well-formed answer`:`${o==="f1"?"F1 of words":"exact match"} against ${s}`,value:n.outcome,recorded:t.outcome}}function Yp(e){let{credit:{stages:t,preset:n},episode:o,g:l,i:r,t:s,isLast:a}=e,c=t.rewards[l][r][s],p=t.normalised[l][r][s],h=t.weighed[l][r][s];if(n.gain.measure==="none"&&!a)return[];let m=t.pools[l].find(({places:E})=>E.some(T=>T.episode===r&&T.turn===s)),_=p===0?null:h/p,w="normalised",k=o.record.turns[s].normalised;return[...m===void 0?[]:[...Jp(m,n.pool),{name:w,formula:Qp(c,m),value:p,recorded:k}],...h===p?[]:[{name:"weighed",formula:`${ut(p)} \xD7 ${ee(_)}, ${Zp(e)}`,value:h,recorded:null}]]}var Kp={gain:"gains",outcome:"outcomes",both:"gains and outcomes"};function Jp(e,t){let{kind:n,values:o,centre:l,divisor:r}=e,s=Kp[n],a=`of ${o.length} ${s} of the group`,c=n==="gain"&&t.gainCentre==="zero",p=c?"root mean square":"deviation",h=t.divideBy==="none"?"not divided":r===0?"none, as all are equal or it is alone":`${p} ${t.divideBy==="batch"?`of all ${s} of the batch`:a}, + eps`;return[{name:"pool mean",formula:c?"0, so that gains keep their signs":`mean ${a}`,value:l,recorded:null},{name:"pool deviation",formula:h,value:r,recorded:null}]}function Qp(e,{centre:t,stretch:n,divisor:o}){if(o===0)return"0, as the pool does not vary";let l=`(${ee(e)} \u2212 ${ut(t)}) / ${ee(o)}`;return n===1?l:`${ee(n)} \xD7 ${l}`}function Zp({credit:{preset:e},isLast:t}){let{weights:n,gainScale:o}=e;return[...n.apply==="after"&&(t?n.outcome:n.gain)!==1?[t?"weight of outcomes":"weight of gains"]:[],...o==="none"||t?[]:["gains brought to the size of outcomes"],...n.fade==="never"||t?[]:["gains fade where outcomes differ"]].join(", ")}function Xp(e){let{credit:{stages:t,preset:n},episode:o,g:l,i:r,t:s}=e,a=t.credit[l][r][s],c=t.advantages[l][r].turn[s],p=o.record.turns[s].advantage,h="return",m=ed(t.weighed[l][r],s,n.credit),_={name:h,formula:m,value:a,recorded:null},{baseline:w,whiten:k}=n.credit,E=[...w==="position"?["less the group's mean return at each token's index"]:[],...w==="start"?["against the group's returns at the first turn"]:[],...k&&w!=="position"?["whitened over the sampled tokens of the batch"]:[]],T=E.length===0?"the return":`${ee(a)} ${E.join(", ")}`;return[_,{name:"advantage",formula:T,value:c,recorded:p}]}function ed(e,t,{rule:n,gamma:o,alpha:l}){let r=e.length-1,s=a=>Array.from(e.subarray(t,a),(c,p)=>p===0||o===1?ut(c):`${ee(o**p)} \xD7 ${ut(c)}`).join(" + ");return n==="return"?s(r+1):t===r?ut(e[r]):n==="own"?`${ee(l)} \xD7 ${ut(e[t])} + ${ut(e[r])}`:`${ee(l)} \xD7 (${s(r)}) / \u221A${r-t} + ${ut(e[r])}`}function td(e){let{credit:{preset:t,stages:n},episode:{record:o,rewards:l,lossWeight:r},g:s,i:a,t:c}=e;if(bo(l)===0)return[];let p="loss weight",h=`${nd(e)}, for each of its tokens`;return[{name:p,formula:h,value:r,recorded:o.lossWeight},...t.clip.adaptive===0?[]:[{name:"clip range",formula:"factor on the clip range, by the normalised gain",value:n.advantages[s][a].clipScale[c],recorded:null}]]}function nd({credit:{preset:e,groups:t},episode:n}){let o=t.flat().filter(({record:l})=>l.miniBatch===n.record.miniBatch).map(({rewards:l})=>bo(l)).filter(l=>l>0);switch(e.aggregation){case"token-mean":return`1 / ${o.reduce((l,r)=>l+r,0)} sampled tokens of the update`;case"seq-mean-token-mean":return`1 / (${o.length} episodes \xD7 ${bo(n.rewards)} sampled tokens)`;case"seq-mean-token-sum":return`1 / ${o.length} episodes of the update`;case"seq-mean-token-sum-norm":return"1 / tokens that an episode may have"}}function Ha({credit:e,episode:t,turn:n,isOwn:o}){if(typeof e=="string")return x("p",{class:"empty"},e);let l=Wa(e,t);if(l===null)return x("p",{class:"empty"},"This episode was not trained on");let r=Va(e,{...l,t:n});return x("div",{class:"scroll"},x("table",{class:"reasons"},x("thead",null,x("tr",null,["number","formula","value",o?"the run's own":"under the run's preset"].map(s=>x("th",{scope:"col"},s)))),x("tbody",null,r.map(({name:s,formula:a,value:c,recorded:p})=>x("tr",{class:s==="advantage"?"result":""},x("th",{scope:"row"},s),x("td",{class:"formula"},a),x("td",null,ee(c)),x("td",{class:"faint"},p===null?"":od(c,p,{isOwn:o})))))))}function od(e,t,{isOwn:n}){let o=ee(t);return n?o===ee(e)?`${o}, the same`:`${o}, another number`:o}function qa(e){let{data:t,route:n}=e,[o,l]=et(null),r=t.runs[n.run];if(r===void 0)return x("p",{class:"empty"},`There is no run number ${n.run}`);let s=n.step??r.kept.at(-1)?.step??null,a=n.run;return x("section",{"aria-label":"Episodes",class:n.besideRun===null?"":"two"},rd(e,s),x("div",{class:"panes"},x(Ua,{...e,run:r,runIndex:a,step:s,question:null,onQuestion:l}),ld(e,o)))}function ld(e,t){let{data:n,route:{besideRun:o,besideStep:l}}=e,r=o===null?void 0:n.runs[o];if(r===void 0||o===null)return null;let s=l??r.kept.at(-1)?.step??null;return x(Ua,{...e,run:r,runIndex:o,step:s,question:t,onQuestion:null})}function rd({data:e,route:t,go:n},o){let l={runs:e.runs,run:t.run,step:o};return x("div",{class:"bar"},sd({...l,go:(r,s)=>n({run:r,step:s,episode:null})}),id(t.by,n),ad(e,t,n),ud({data:e,route:t,step:o,go:n}))}function sd({runs:e,run:t,step:n,go:o}){let l=e[t]?.kept??[],r=l.findIndex(a=>a.step===n),s=(a,c)=>{let p=l[r+a];return x("button",{type:"button",disabled:p===void 0,"aria-label":`${c} step`,onClick:()=>p===void 0?void 0:o(t,p.step)},a<0?"\u2039":"\u203A")};return[e.length<2?null:Zt({label:"run",value:String(t),options:e.map(({name:a},c)=>({value:String(c),text:a})),onChoose:a=>o(Number(a),null)}),Zt({label:"step",value:String(n??""),options:l.map(a=>({value:String(a.step),text:String(a.step)})),onChoose:a=>o(t,Number(a))}),s(-1,"previous"),s(1,"next")]}var Ba={gain:"gain",normalised:"normalised gain",advantage:"advantage"};function id(e,t){return Zt({label:"colour by",value:e,options:al.map(n=>({value:n,text:Ba[n]})),onChoose:n=>t({by:al.find(o=>o===n)??"gain"})})}function ad({runs:e,presets:t},n,o){let l=e[n.run]?.preset?.name;return Zt({label:"preset",value:n.preset??"",options:[{value:"",text:l===void 0?"as recorded":`${l}, the run's own`},...t.map(({name:r})=>({value:r,text:r}))],onChoose:r=>o({preset:r===""?null:r})})}function ud({data:{runs:e},route:t,step:n,go:o}){let{besideRun:l}=t,r=Zt({label:"beside it",value:l===null?"":String(l),options:[{value:"",text:"nothing"},...e.map(({name:a},c)=>({value:String(c),text:a}))],onChoose:a=>o(a===""?{besideRun:null,besideStep:null}:{besideRun:Number(a),besideStep:n})});if(l===null)return[r];let s=e[l]?.kept??[];return[r,Zt({label:"its step",value:String(t.besideStep??s.at(-1)?.step??""),options:s.map(a=>({value:String(a.step),text:String(a.step)})),onChoose:a=>o({besideStep:Number(a)})})]}function Ua(e){let{source:t,run:n,runIndex:o,step:l}=e,[r,s]=et(null);return Ft(()=>{let a=!0;if(s(null),l!==null)return t.step(o,l).then(c=>a&&s({step:c}),c=>a&&s({step:String(c.message??c)})),()=>{a=!1}},[t,o,l]),l===null?x("p",{class:"empty"},`${n.name} keeps no episodes: its recipe's episodeMegabytes is 0, or no step is finished`):r===null?x("p",{class:"empty"},`Reading step ${l}`):typeof r.step=="string"?x("p",{class:"empty"},r.step):x(cd,{...e,loaded:r.step})}function cd(e){let{loaded:t,data:n,run:o,route:l,question:r,onQuestion:s,go:a}=e,{records:c,notes:p}=t,h=n.presets.find(({name:q})=>q===l.preset)??o.preset,m=h===o.preset,_=_t(()=>pd(c,h,o),[c,h,o]),[w,k]=et(null),E=s===null,T=r===null?c:c.filter(q=>q.question.id===r),C=hd(T,E?w:l.episode),b=C?.question.id??null;if(Ft(()=>s?.(b),[b]),T.length===0)return x("p",{class:"empty"},"This step does not have that question: choose another step");let L=l.besideRun!==null&&b!==null,S=L?T.filter(q=>q.question.id===b):T,j=m||typeof _=="string"?null:_,F=(q,H)=>{E&&k(q),a(E?{turn:H}:{episode:q,turn:H}),requestAnimationFrame(()=>innerWidth<fd&&ja(E))};return x("div",{class:"pane"},ll([...p,...!m&&typeof _=="string"?[_]:[]]),x(md,{...e,records:S,credit:j,open:C,onSelect:F,questions:L&&!E?c:null}),C===null?null:x(gd,{...e,open:C,credit:_,known:j,isOwn:m}))}var fd=1060,Ga=e=>e?"why-beside":"why";function ja(e){document.getElementById(Ga(e))?.scrollIntoView({block:"nearest"})}function pd(e,t,n){return t===null?"Choose a preset to see advantages of these traces":Oa(e,t,n)}function dd(e,t,n){let o=new Map(e.toReversed().map(l=>[l.question.id,l]));return Zt({label:"question",value:t,options:[...o.values()].reverse().map(({question:{id:l,text:r}})=>({value:l,text:r})),onChoose:l=>n(o.get(l).id)})}function hd(e,t){return e.find(n=>n.id===t)??e.find(({dropped:n,turns:o})=>n===null&&o.length>0)??null}function md({records:e,credit:t,open:n,route:o,onSelect:l,questions:r}){let s=_t(()=>sl(e,o.by,t),[e,o.by,t]),a=_t(()=>il(s),[s]),c=[...Map.groupBy(e,({group:p})=>p).entries()];return x("div",{class:"groups"},x("p",{class:"scale"},x("span",null,wn(-a)),x("span",{class:"ramp","aria-hidden":"true"}),x("span",null,wn(a)),x("span",{class:"faint"},Ba[o.by]),r===null||n===null?null:dd(r,n.question.id,p=>l(p,0))),c.map(([p,h])=>x(Na,{key:p,records:h,values:s,largest:a,selected:{episode:n?.id??null,turn:o.turn},onSelect:l})))}function gd(e){let{open:t,credit:n,known:o,isOwn:l,route:r,go:s,loaded:a,onQuestion:c}=e,{records:p,transcripts:h}=a,m=_t(()=>_d(h[p.indexOf(t)]),[a,t]),[_,w]=_t(()=>[sl(p,"gain",o),sl(p,"advantage",o)],[p,o]),k=Math.min(r.turn,t.turns.length-1);return x("div",{class:"opened"},x("section",{class:"reasons-of",id:Ga(c===null)},x("h3",null,`Why this number: turn ${k+1} of rollout #${t.sample}`),x(Ha,{credit:n,episode:t.id,turn:k,isOwn:l})),x(Ia,{key:t.id,record:t,transcript:m,gains:_.get(t.id)??[],advantages:w.get(t.id)??[],largest:{gain:il(_),advantage:il(w)},turn:k,onTurn:E=>{s({turn:E}),ja(c===null)}}))}function _d(e){return typeof e=="string"?JSON.parse(e):null}function Ka({source:e}){let[t,n]=et(null),[o,l]=et(()=>ul(location.hash));Ft(()=>{e.load().then(n,m=>n(String(m.message))),addEventListener("hashchange",()=>l(ul(location.hash)))},[e]);let r=typeof t=="object"&&t?.isLive===!0;Ft(()=>{r&&e.follow(()=>e.load().then(n,()=>{}))},[e,r]);let s=Ls(h=>{let m={...ul(location.hash),...h};history.replaceState(null,"",za(m)),l(m)},[]),a=typeof t=="object"?t?.runs??Ya:Ya,c=_t(()=>wd(a),[a]);if(t===null)return x("p",{class:"empty"},"Reading");if(typeof t=="string")return x("p",{class:"empty"},t);let p=h=>s({view:"episodes",step:xd(t.runs[o.run],h)});return x("main",null,bd({data:t,route:o,colours:c,go:s}),ll(t.runs.flatMap(({notes:h})=>h)),o.view==="curves"?x(ma,{runs:a,colours:c,onStep:p}):x(qa,{data:t,source:e,route:o,go:s}))}var Ya=[];function wd(e){let t=[...new Set(e.map(({series:n})=>n))];return new Map(t.map((n,o)=>[n,o%vd]))}var vd=8;function xd(e,t){return(e?.kept??[]).map(o=>({...o,far:Math.abs(o.step-t)})).sort((o,l)=>o.far-l.far)[0]?.step??null}function bd({data:e,route:t,colours:n,go:o}){let l=(r,s)=>x("button",{type:"button","aria-current":t.view===r?"page":void 0,onClick:()=>o({view:r})},s);return x("header",null,x("h1",null,"igpo",e.isLive?x("span",{class:"live"},"live"):null),x("nav",{"aria-label":"Views"},l("curves","Curves"),l("episodes","Episodes")),x("ul",{class:"legend","aria-label":"Series"},[...n].map(([r,s])=>x("li",null,x("span",{class:`key series-${s}`,"aria-hidden":"true"}),r,x("span",{class:"faint"},yd(e.runs.filter(a=>a.series===r)))))))}function yd(e){let t=Math.min(...e.map(({metrics:r})=>r.at(-1)?.step??0)),n=e[0]?.steps??null,o=e.length===1?e[0].seed:null;return[e.length>1?`${e.length} seeds`:o===null?"":`seed ${o}`,n===null?"":`${t} of ${n} steps`].filter(r=>r!=="").map((r,s)=>s===0?` ${r}`:`, ${r}`).join("")}var Ja=`:root {
  color-scheme: light dark;
  --paper: #fdfdfb;
  --panel: #ffffff;
  --ink: #20242a;
  --faint: #66707c;
  --line: #e3e5e4;
  --up: #2f78c4;
  --down: #d9772b;
  --token: #8a6bb8;
  --series-0: #2f78c4;
  --series-1: #d9772b;
  --series-2: #2b8f6a;
  --series-3: #8a5fb5;
  --series-4: #b08a00;
  --series-5: #5c6773;
  --series-6: #bf3d78;
  --series-7: #4f9fb0;
}

@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c;
    --panel: #1b1f24;
    --ink: #e3e6ea;
    --faint: #98a2ad;
    --line: #2e343b;
    --up: #5c9ee0;
    --down: #e39150;
    --token: #a98bd4;
    --series-0: #6aaaf0;
    --series-1: #ee9a58;
    --series-2: #55bb93;
    --series-3: #b592dd;
    --series-4: #d3b03a;
    --series-5: #9aa5b1;
    --series-6: #e57aa8;
    --series-7: #7cc6d6;
  }
}

* {
  box-sizing: border-box;
}

body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}

main {
  max-width: 1560px;
  margin: 0 auto;
  padding: 0 20px 48px;
}

header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 6px 24px;
  padding: 14px 0 10px;
  border-bottom: 1px solid var(--line);
}

h1,
h2,
h3 {
  margin: 0;
  font-size: 14px;
  font-weight: 600;
}

h1 {
  font-size: 17px;
}

nav {
  display: flex;
  gap: 16px;
}

nav button {
  padding: 2px 0;
  border: 0;
  border-bottom: 2px solid transparent;
  background: none;
  color: var(--faint);
}

nav button[aria-current] {
  border-color: var(--ink);
  color: var(--ink);
}

button,
select,
input {
  font: inherit;
  color: inherit;
}

button,
select {
  cursor: pointer;
}

button:disabled {
  opacity: 0.35;
  cursor: default;
}

:focus-visible {
  outline: 2px solid var(--up);
  outline-offset: 1px;
}

.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 18px;
  margin: 0 0 0 auto;
  padding: 0;
  list-style: none;
}

.key {
  display: inline-block;
  width: 14px;
  height: 3px;
  margin-right: 6px;
  vertical-align: middle;
}

.series-0 {
  background: var(--series-0);
}
.series-1 {
  background: var(--series-1);
}
.series-2 {
  background: var(--series-2);
}
.series-3 {
  background: var(--series-3);
}
.series-4 {
  background: var(--series-4);
}
.series-5 {
  background: var(--series-5);
}
.series-6 {
  background: var(--series-6);
}
.series-7 {
  background: var(--series-7);
}

.live {
  margin-left: 8px;
  color: var(--series-2);
  font-size: 12px;
  font-weight: 400;
}

.live::before {
  content: "\u25CF ";
}

.faint {
  color: var(--faint);
}

.empty {
  padding: 32px 20px;
  color: var(--faint);
}

.notes {
  margin: 10px 0;
  padding: 8px 12px 8px 28px;
  border-left: 3px solid var(--down);
  background: var(--panel);
}

.bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px 14px;
  padding: 12px 0;
}

.bar button,
.bar select {
  min-height: 28px;
  border: 1px solid var(--line);
  border-radius: 3px;
  background: var(--panel);
}

.choice {
  display: inline-flex;
  align-items: center;
  gap: 6px;
}

.choice span {
  color: var(--faint);
}

.choice select {
  max-width: 260px;
}

.charts {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(320px, 1fr));
  gap: 22px 26px;
}

.chart {
  min-width: 0;
  margin: 0;
}

.chart figcaption p {
  overflow: hidden;
  margin: 0 0 4px;
  color: var(--faint);
  font-size: 12px;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.plot {
  height: 132px;
  cursor: pointer;
}

.chart summary {
  color: var(--faint);
  font-size: 12px;
  cursor: pointer;
}

.scroll {
  overflow-x: auto;
}

.chart .scroll {
  max-height: 240px;
  overflow-y: auto;
}

table {
  border-collapse: collapse;
}

th,
td {
  padding: 2px 8px;
  font-weight: 400;
  text-align: right;
}

.numbers th,
.reasons thead th,
.matrix thead th,
.matrix th {
  color: var(--faint);
  font-size: 12px;
}

.panes {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 28px;
}

.pane {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  align-content: start;
  gap: 26px;
}

.pane > .notes {
  grid-column: 1 / -1;
}

@media (min-width: 1060px) {
  .pane {
    grid-template-columns: minmax(340px, 5fr) minmax(0, 7fr);
    align-items: start;
  }

  .opened {
    position: sticky;
    top: 0;
    max-height: 100vh;
    overflow-y: auto;
  }

  .two .panes {
    grid-template-columns: 1fr 1fr;
  }

  .two .pane {
    grid-template-columns: minmax(0, 1fr);
  }

  .two .opened {
    position: static;
    max-height: none;
  }
}

.group {
  padding: 10px 0 16px;
}

.group p {
  margin: 0 0 4px;
}

.scale {
  display: flex;
  min-height: 30px;
  align-items: center;
  gap: 8px;
  margin: 0 0 4px;
  font-size: 12px;
}

.ramp {
  width: 140px;
  height: 10px;
  background: linear-gradient(to right, var(--down), var(--panel), var(--up));
}

.matrix td {
  padding: 1px;
  text-align: center;
}

.matrix thead th {
  text-align: center;
}

.matrix th[scope="row"] {
  padding: 0 8px 0 0;
}

.matrix tr.open th {
  color: var(--ink);
  font-weight: 600;
}

.cell {
  width: 64px;
  height: 26px;
  padding: 0;
  border: 1px solid var(--line);
  border-radius: 2px;
  background: var(--panel);
  font-size: 12px;
}

.up {
  background: color-mix(in oklab, var(--up) calc(0.72 * var(--strength)), var(--panel));
}

.down {
  background: color-mix(in oklab, var(--down) calc(0.72 * var(--strength)), var(--panel));
}

.cell.word {
  color: var(--faint);
  font-size: 11px;
}

.cell.answer {
  border-bottom: 2px solid var(--ink);
}

.cell.malformed {
  border-bottom: 2px dotted var(--ink);
}

.cell[aria-current] {
  outline: 2px solid var(--ink);
  outline-offset: -1px;
}

.outcome {
  min-width: 64px;
}

.lost {
  color: var(--down);
}

td.lost {
  text-align: left;
}

.reasons {
  width: 100%;
}

.reasons th[scope="row"],
.reasons .formula,
.reasons thead th:first-child,
.reasons thead th:nth-child(2) {
  text-align: left;
}

.reasons td,
.reasons th {
  padding: 3px 10px 3px 0;
  border-top: 1px solid var(--line);
  vertical-align: baseline;
}

.reasons thead th {
  border-top: 0;
}

.reasons td:nth-child(3),
.reasons td:nth-child(4),
.reasons th[scope="row"] {
  white-space: nowrap;
}

.reasons .formula {
  width: 60%;
}

.reasons .result th,
.reasons .result td:nth-child(3) {
  font-weight: 600;
}

.reasons-of {
  padding-bottom: 18px;
}

.turns {
  margin: 8px 0 0;
  padding: 0;
  list-style: none;
}

.turn {
  display: grid;
  grid-template-columns: 100px minmax(0, 1fr);
  gap: 14px;
}

.margin {
  display: grid;
  grid-template-columns: 44px 1fr;
  border-right: 1px solid var(--line);
}

.belief {
  font-size: 12px;
}

.belief span {
  display: block;
  color: var(--faint);
  font-size: 11px;
}

.path {
  position: relative;
}

.path svg {
  position: absolute;
  width: 100%;
  height: 100%;
  inset: 0;
}

.path line {
  stroke: var(--series-2);
  stroke-width: 1.5px;
}

.dot {
  position: absolute;
  top: -4px;
  width: 8px;
  height: 8px;
  margin-left: -4px;
  border-radius: 50%;
  background: var(--series-2);
}

.said {
  padding-bottom: 18px;
}

.worth {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 4px 10px;
}

.chip {
  padding: 0 6px;
  border-radius: 2px;
}

.why {
  padding: 0;
  border: 0;
  background: none;
  color: var(--faint);
  text-decoration: underline;
}

.segment {
  margin-top: 6px;
}

.kind {
  color: var(--faint);
  font-size: 11px;
}

pre,
.text {
  margin: 0;
  font: 12.5px/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

.result pre,
.prompt pre {
  padding-left: 10px;
  border-left: 2px solid var(--line);
  color: var(--faint);
}

.read {
  color: var(--faint);
}

.prompt summary {
  color: var(--faint);
  cursor: pointer;
}

.token {
  background: color-mix(in oklab, var(--token) calc(0.5 * var(--strength)), transparent);
}

.token.here {
  outline: 1px solid var(--ink);
}

.told {
  position: sticky;
  bottom: 0;
  margin: 0;
  padding: 6px 0;
  border-top: 1px solid var(--line);
  background: var(--paper);
  color: var(--faint);
  font-size: 12px;
  overflow-wrap: anywhere;
}

.hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
}

@media (max-width: 640px) {
  main {
    padding: 0 12px 32px;
  }

  .turn {
    grid-template-columns: 72px minmax(0, 1fr);
    gap: 8px;
  }

  .cell {
    width: 50px;
  }

  .cell.word {
    font-size: 9px;
  }

  .legend {
    margin: 0;
  }
}
`;var Qa="igpo-data";function Za(e,t){return`igpo-step-${e}-${t}`}function eu(){let e=document.getElementById(Qa);return e===null?Ad:Sd(e)}function Sd(e){return{load:()=>Promise.resolve(JSON.parse(e.textContent??"")),step:async(t,n)=>{let o=Za(t,n),l=document.getElementById(o)?.textContent??await Td(`${e.dataset.folder}/${o}.js`);return await Md(l.trim())},follow:()=>{}}}async function Md(e){let t=atob(e),n=new Uint8Array(t.length);for(let l=0;l<t.length;l++)n[l]=t.charCodeAt(l);let o=new Blob([n]).stream().pipeThrough(new DecompressionStream("gzip"));return await new Response(o).json()}function Td(e){return new Promise((t,n)=>{let o=document.createElement("script");o.src=e,o.onload=()=>t(o.dataset.text??""),o.onerror=()=>n(new Error(`Cannot read ${e} beside this page`)),document.head.append(o)})}var Ad={load:()=>Xa("data/runs.json"),step:(e,t)=>Xa(`data/step.json?run=${e}&step=${t}`),follow:e=>{new EventSource("data/events").addEventListener("changed",e)}};async function Xa(e){let t=await fetch(e);if(t.ok)return await t.json();throw new Error(await t.text())}var tu=new CSSStyleSheet;tu.replaceSync(xs+Ja);document.adoptedStyleSheets=[tu];vs(x(Ka,{source:eu()}),document.body);
